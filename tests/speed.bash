# How slow this machine is, for limits in tests. shellcheck shell=bash
#
# A limit in a test is there to end what hangs. It is written down for a machine
# that starts a program in a millisecond, and elsewhere multiplied by $SLOW.

# measure_speed: sets SLOW, at least 1: milliseconds that a program takes to
# start and end, beside all else that runs here. It costs some milliseconds.
# Of eight the two longest do not count: a machine that halts for a moment is not slow.
measure_speed() {
	local program began took all=0 longest=0 second=0
	program=$(type -P true)
	for _ in 1 2 3 4 5 6 7 8; do
		began=${EPOCHREALTIME/./}
		"$program"
		took=$((${EPOCHREALTIME/./} - began))
		all=$((all + took))
		if [ $took -gt $longest ]; then
			second=$longest longest=$took
		elif [ $took -gt $second ]; then
			second=$took
		fi
	done
	SLOW=$(((all - longest - second) / 6000))
	[ "$SLOW" -ge 1 ] || SLOW=1
}
