<?php
// Takes each picture that was uploaded and writes a smaller copy beside it.
require __DIR__ . '/db.php';

pcntl_async_signals(true);
pcntl_signal(SIGTERM, function () { exit(0); });

$folder = dirname(__DIR__) . '/uploads';
while (true) {
    $db = db();
    $db->exec('BEGIN IMMEDIATE');
    $entry = $db->query('SELECT id, picture FROM entries WHERE picture IS NOT NULL AND resized = 0 LIMIT 1')->fetch();
    if ($entry) {
        $picture = @imagecreatefromstring(file_get_contents("$folder/{$entry['picture']}"));
        $done = $picture && imagepng(imagescale($picture, 32), "$folder/small-{$entry['picture']}");
        $db->exec('UPDATE entries SET resized = ' . ($done ? 1 : -1) . " WHERE id = {$entry['id']}");
    }
    $db->exec('COMMIT');
    if (!$entry) {
        usleep(500000);
    }
}
