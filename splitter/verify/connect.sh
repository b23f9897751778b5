# Connects to host $1, port $2, says $3, and prints a line `open` and what comes back for at most $4 seconds, with
# whatever the image has for it. Prints `closed` where nobody listens, and nothing at all where it has no such tool.
has() { command -v "$1" >/dev/null 2>&1; }

for python in python3 python; do
    has $python && exec $python -c '
import socket, sys, time
host, port, text, seconds = sys.argv[1:5]
end = time.time() + float(seconds)
out = getattr(sys.stdout, "buffer", sys.stdout)
try:
    s = socket.create_connection((host, int(port)), float(seconds))
except Exception:
    out.write(b"closed\n")
    sys.exit()
out.write(b"open\n")
try:
    s.sendall(text.encode())
    while time.time() < end:
        s.settimeout(max(0.01, end - time.time()))
        data = s.recv(65536)
        if not data:
            break
        out.write(data)
except Exception:
    pass' "$@"
done

has perl && perl -MIO::Socket::INET -e 1 2>/dev/null && exec perl -MIO::Socket::INET -e '
my ($host, $port, $text, $seconds) = @ARGV;
$| = 1;
my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => $seconds) or do { print "closed\n"; exit };
print "open\n";
$SIG{ALRM} = sub { exit };
alarm $seconds;
$s->send($text);
print $_ while sysread($s, $_, 65536);' "$@"

has ruby && exec ruby -rsocket -rtimeout -e '
host, port, text, seconds = ARGV
$stdout.sync = true
begin
  s = Socket.tcp(host, port.to_i, connect_timeout: seconds.to_f)
rescue StandardError
  puts "closed"
  exit
end
puts "open"
begin
  Timeout.timeout(seconds.to_f) { s.write(text); loop { $stdout.write(s.readpartial(65536)) } }
rescue StandardError
  nil
end' "$@"

has php && exec php -r '
[$host, $port, $text, $seconds] = array_slice($argv, 1);
$s = @fsockopen($host, (int) $port, $code, $why, (float) $seconds);
if (!$s) { echo "closed\n"; exit; }
echo "open\n";
fwrite($s, $text);
$end = microtime(true) + $seconds;
while (!feof($s) && microtime(true) < $end) {
    stream_set_timeout($s, max(1, (int) ($end - microtime(true))));
    echo fread($s, 65536);
}' "$@"

has node && exec node -e '
const [host, port, text, seconds] = process.argv.slice(1);
let open = false;
const s = require("net").connect(Number(port), host, () => { open = true; console.log("open"); s.write(text); });
s.on("data", (data) => process.stdout.write(data));
s.on("error", () => { if (!open) console.log("closed"); });
setTimeout(() => s.destroy(), seconds * 1000).unref();
s.on("close", () => process.exitCode = 0);' "$@"

has bash && exec bash -c '
exec 2>/dev/null
exec 3<>"/dev/tcp/$1/$2" || { echo closed; exit; }
echo open
printf %s "$3" >&3
{ sleep "$4"; kill $$; } >/dev/null 3>&- &
exec cat <&3' bash "$@"

for nc in nc ncat "busybox nc"; do
    has ${nc%% *} || continue
    if $nc -z -w "$4" "$1" "$2" 2>/dev/null || $nc -w "$4" "$1" "$2" </dev/null >/dev/null 2>&1; then
        echo open
        { printf %s "$3"; sleep "$4"; } | $nc -w "$4" "$1" "$2" 2>/dev/null
    else
        echo closed
    fi
    exit
done
