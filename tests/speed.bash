# How slow this machine is, for limits in tests. shellcheck shell=bash
#
# A limit in a test is there to end what hangs. It is written down for a machine
# that starts a program in a millisecond, and elsewhere multiplied by $SLOW.

# measure_speed: sets SLOW, at least 1: milliseconds that a program takes to
# start and end, beside all else that runs here. It costs some milliseconds.
measure_speed() {
	local program began
	program=$(type -P true)
	began=${EPOCHREALTIME/./}
	for _ in 1 2 3 4 5 6 7 8; do
		"$program"
	done
	SLOW=$(((${EPOCHREALTIME/./} - began) / 8000))
	[ "$SLOW" -ge 1 ] || SLOW=1
}
