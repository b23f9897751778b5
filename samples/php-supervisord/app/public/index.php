<?php
require dirname(__DIR__) . '/bin/db.php';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/health') {
    db()->query('SELECT 1 FROM entries');
    echo "ok\n";
    exit;
}
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $picture = null;
    if (isset($_FILES['picture'])) {
        $picture = bin2hex(random_bytes(8));
        move_uploaded_file($_FILES['picture']['tmp_name'], dirname(__DIR__) . "/uploads/$picture");
    }
    db()->prepare('INSERT INTO entries (text, picture) VALUES (?, ?)')->execute([$_POST['text'] ?? '', $picture]);
    header('Location: /', true, 303);
    exit;
}
header('Content-Type: text/plain');
echo getenv('SITE_NAME'), "\n";
@readfile(dirname(__DIR__) . '/data/digest.txt');
foreach (db()->query('SELECT * FROM entries ORDER BY id') as $entry) {
    echo "{$entry['id']}. {$entry['text']}", $entry['picture'] ? " /uploads/{$entry['picture']}" : '',
        $entry['resized'] == 1 ? " /uploads/small-{$entry['picture']}" : '', "\n";
}
