# What the observation asks inside a container: one request a line on stdin, each answer closed by a line `#end`.
#
#   stat          /proc/PID/stat of every process, by builtins alone: nothing is forked at the rate of this one
#   text PID...   what each of these is: command line, names in its environment, ids, executable, working folder
#   net           the tables of sockets
#   fds           the open files of every process
#   io            what each process and those that it waited for have read and written
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
        net) files /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 /proc/net/unix ;;
        fds) [ -z "$tools" ] || ls -ln /proc/[0-9]*/fd ;;
        io)
            for process in /proc/[0-9]*; do
                lines "$process/io"
            done
            ;;
        users) files /etc/passwd ;;
    esac
    printf '\n#end %s\n' "$what"
done
