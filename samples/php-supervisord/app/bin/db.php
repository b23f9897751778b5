<?php
function db(): PDO
{
    $db = new PDO('sqlite:' . getenv('DATABASE'));
    $db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
    $db->exec('PRAGMA busy_timeout = 5000');
    return $db;
}
