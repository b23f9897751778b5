# What the observation asks inside a container: one request a line on stdin, each answer closed by a line `#end`.
#
#   stat          /proc/PID/stat of every process, by builtins alone: nothing is forked at the rate of this one
#   text PID...   what each of these is: command line, names in its environment, ids, executable, working folder
#   account PATH  has the kernel write to that file how each process ends, where perl or python can ask for it (acct(2))
#   accounts N PATH   the first N bytes of what the kernel wrote there, as they are
#   net           the tables of sockets, and of what System V shares
#   peers HEX     sends that request to the kernel's socket diagnostics, where perl or python can; the answer in hex
#   maps          the lines of /proc/PID/maps for memory that is shared under a name
#   fds           the open files of every process
#   io            what each process and those that it waited for have read and written
#   dated N       N paths follow, a line each: whose they are, and when their content and state were changed
#   reached N     N paths of sockets follow: when each was used and when it was made
#   device        the number of the device that / is on
#   users         /etc/passwd
#
# It ends when stdin does, so it cannot outlive who asks. Several files come as `head` gives them, each after a line
# `==> PATH <==`; where the image has no `head` or `ls`, builtins do what they can (without NUL bytes or descriptors).
exec 2>/dev/null
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/busybox"
LC_ALL=C
export PATH LC_ALL
tools=
command -v head >/dev/null && command -v ls >/dev/null && tools=1

lines() {
    while IFS= read -r line || [ -n "$line" ]; do
        printf '%s\n' "$line"
    done <"$1"
}

files() {
    if [ -n "$tools" ]; then
        head -c 65536 /dev/null "$@"
    else
        for file; do
            printf '\n==> %s <==\n' "$file"
            lines "$file"
        done
    fi
}

# Turns accounting on. Only perl needs the number of the call: of x86, of what came after, of the other machines.
account() {
    if command -v perl >/dev/null; then
        : >>"$1"
        case $(uname -m) in
            x86_64 | amd64) number=163 ;;
            aarch64 | arm64 | riscv64 | loongarch64) number=89 ;;
            *) number=51 ;;
        esac
        perl -e 'my ($n, $path) = @ARGV; $n = 51 if length pack("L!", 0) < 8; exit(syscall($n + 0, $path) != 0)' \
            "$number" "$1" && echo on
    elif command -v python3 >/dev/null; then
        : >>"$1"
        python3 -IS -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).acct(sys.argv[1].encode()))' "$1" && echo on
    fi
}

# An answer ends with a message of type 3 (NLMSG_DONE) or 2 (an error).
peers() {
    if command -v perl >/dev/null; then
        perl -e 'socket(S, 16, 3, 4) && syswrite(S, pack("H*", $ARGV[0])) || exit;
            while (sysread S, $b, 1 << 18) {
                print unpack("H*", $b), "\n";
                for ($o = 0; $o + 16 <= length $b; $o += ($l + 3) & ~3) {
                    ($l, $t) = unpack "x${o}LS", $b;
                    exit if $t == 3 || $t == 2 || $l < 16;
                }
            }' "$1"
    elif command -v python3 >/dev/null; then
        python3 -IS -c 'import socket, struct, sys
s = socket.socket(16, 3, 4)
s.send(bytes.fromhex(sys.argv[1]))
while b := s.recv(1 << 18):
    print(b.hex())
    at = 0
    while at + 16 <= len(b):
        size, kind = struct.unpack_from("=LH", b, at)
        if kind in (2, 3) or size < 16:
            sys.exit()
        at += size + 3 & ~3' "$1"
    fi
}

# Nothing is read where nothing is shared: maps are long.
maps() {
    { read -r line && read -r line; } </proc/sysvipc/shm || {
        set -- /dev/shm/* /dev/shm/.[!.]*
        [ -e "$1" ] || [ -e "$2" ] || return
    }
    if command -v grep >/dev/null; then
        grep -e ' /SYSV' -e ' /dev/shm/' /dev/null /proc/[0-9]*/maps
    else
        for map in /proc/[0-9]*/maps; do
            while read -r line; do
                case $line in *" /SYSV"* | *" /dev/shm/"*) printf '%s:%s\n' "$map" "$line" ;; esac
            done <"$map"
        done
    fi
}

while read -r what pids; do
    set --
    case $what in
        stat)
            for process in /proc/[0-9]*; do
                lines "$process/stat"
            done
            ;;
        text)
            [ -n "$tools" ] || echo '#bare'
            for pid in $pids; do
                set -- "$@" "/proc/$pid/cmdline" "/proc/$pid/environ" "/proc/$pid/status"
            done
            files "$@"
            set --
            for pid in $pids; do
                set -- "$@" "/proc/$pid/exe" "/proc/$pid/cwd"
                if [ -z "$tools" ] && cd -P "/proc/$pid/cwd"; then
                    printf 'l--------- %s -> %s\n' "/proc/$pid/cwd" "$(pwd -P)"
                    cd /
                fi
            done
            [ -z "$tools" ] || ls -ln "$@"
            ;;
        account) account "$pids" ;;
        accounts) [ -z "$tools" ] || head -c "${pids%% *}" "${pids#* }" ;;
        net)
            files /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 /proc/net/unix \
                /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem
            ;;
        peers) peers "$pids" ;;
        maps) maps ;;
        fds) [ -z "$tools" ] || ls -ln /proc/[0-9]*/fd ;;
        io)
            for process in /proc/[0-9]*; do
                lines "$process/io"
            done
            ;;
        dated | reached)
            asked='%u|%f|%y|%z|%n'
            [ "$what" = dated ] || asked='%x|%y|%n'
            set -- /proc/self/
            while [ "$pids" -gt 0 ] && IFS= read -r path; do
                set -- "$@" "$path"
                pids=$((pids - 1))
            done
            stat -c "$asked" "$@"
            ;;
        device) stat -c %d / ;;
        users) files /etc/passwd ;;
    esac
    printf '\n#end %s\n' "$what"
done
