"""Launchers in a language that is not read are told."""

import pytest
from managing import image_of

from splitter.inspection import static
from splitter.model.image import Config, Image


def gaps_of(argv, text):
    image = image_of({argv[-1]: text}, executable=(argv[-1],))
    return static.read(Image("example/test", Config(cmd=argv), image.tree)).gaps


@pytest.mark.parametrize(
    ("argv", "text", "word", "line"),
    [
        (("perl", "/app/x.pl"), "use strict;\nif (my $p = fork) { exec 'nginx' }\n", "fork", 2),
        (("/app/x",), "#!/usr/bin/env perl\nexec('a');\n", "exec", 2),
        (("php", "/app/x.php"), "<?php\n\n$p = proc_open('redis-server', [], $o);\n", "proc_open", 3),
        (("/app/x",), "#!/usr/local/bin/php8.2\n<?php pcntl_exec('/a');\n", "pcntl_exec", 2),
    ],
    ids=["Perl", "Perl by its first line", "PHP", "PHP by its first line"],
)
def test_a_launcher_that_nothing_reads(argv, text, word, line):
    [gap] = gaps_of(argv, text)
    assert f"({word})" in gap.what
    assert (gap.evidence.path, gap.evidence.line) == (argv[-1], line)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (("perl", "/app/x.pl"), "# fork\nprint 'exec';\n"),
        (("php", "/app/x.php"), "<?php // proc_open\necho 'pcntl_fork';\n"),
        (("php", "/app/x.php"), "<?php $pdo->exec('select 1');\n"),
        (("perl", "/usr/bin/x.pl"), "fork;\n"),
    ],
    ids=["words of comments and texts", "those of PHP", "a method of a database", "a program of a package"],
)
def test_no_launcher(argv, text):
    assert gaps_of(argv, text) == ()
