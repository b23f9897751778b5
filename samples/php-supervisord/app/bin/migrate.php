<?php
require __DIR__ . '/db.php';

$db = db();
$db->exec('CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, text TEXT NOT NULL, picture TEXT, resized INTEGER DEFAULT 0)');
$db->exec('CREATE TABLE IF NOT EXISTS migrations (at TEXT NOT NULL)');
$db->exec("INSERT INTO migrations VALUES (datetime('now'))");
