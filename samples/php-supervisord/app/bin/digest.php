<?php
require __DIR__ . '/db.php';

$count = db()->query('SELECT count(*) FROM entries')->fetchColumn();
file_put_contents(dirname(__DIR__) . '/data/digest.txt', getenv('SITE_NAME') . ": $count entries\n");
