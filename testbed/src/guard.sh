# Runs one server for a test process, and ends it with that process, however that one dies: the
# orders come through a pipe, and its end is the order to end the server and remove its folder.
#
# usage: sh -c "$(cat guard.sh)" guard FOLDER SIGNAL PROGRAM [ARGUMENT…]
# SIGNAL is what asks the server to leave nothing behind (shared memory); KILL follows in any case.
# Each order is a line and gets a line in answer: start (the process id), alive (yes, no), kill,
# freeze, thaw (done).
folder=$1
farewell=$2
shift 2
pid=

# Nothing may end the guard before its server: neither a signal that is meant for the tests, nor an answer to a test
# process that has just died.
trap '' HUP INT TERM PIPE

alive() {
    [ -n "$pid" ] || return 1
    case $(ps -o stat= -p "$pid") in "" | Z*) return 1 ;; esac
}

# The server is stopped first: it can then have no child that is missed.
freeze() {
    kill -STOP "$pid"
    children=$(pgrep -P "$pid")
    # shellcheck disable=SC2086 # one argument a process
    [ -z "$children" ] || kill -STOP $children
}

thaw() {
    children=$(pgrep -P "$pid")
    # shellcheck disable=SC2086
    kill -CONT $children "$pid"
}

end() {
    [ -n "$pid" ] || return 0
    freeze
    # shellcheck disable=SC2086
    kill -KILL $children "$pid"
    wait "$pid"
    pid=
}

{
    while read -r order; do
        case $order in
        start)
            end
            (trap - HUP INT TERM PIPE && exec "$@") </dev/null >>"$folder/log" 2>&1 3>&- &
            pid=$!
            echo "$pid" >&3
            ;;
        alive) if alive; then echo yes >&3; else echo no >&3; fi ;;
        kill) end && echo done >&3 ;;
        freeze) freeze; echo done >&3 ;;
        thaw) thaw; echo done >&3 ;;
        esac
    done
    if [ "$farewell" != KILL ] && alive; then
        thaw
        kill -"$farewell" "$pid"
        tries=0
        while alive && [ $((tries += 1)) -le 60 ]; do sleep 0.05; done
    fi
    end
    # A PostgreSQL that was killed leaves a piece of System V shared memory; it is named here.
    [ ! -f "$folder/data/postmaster.pid" ] || ipcrm -m "$(awk 'NR == 7 { print $2 }' "$folder/data/postmaster.pid")"
    rm -rf "$folder"
} 3>&1 >/dev/null 2>&1
