# Tastes the flour in System V memory again and again; each time it has the memory mapped for a moment only.
$| = 1;
while (1) {
    my $shelf = shmget(5678, 5, 0);
    my $got = "";
    defined $shelf and shmread($shelf, $got, 0, 5);
    print $got eq "flour" ? "reached\n" : "failed $!\n";
    select(undef, undef, undef, 0.2);
}
