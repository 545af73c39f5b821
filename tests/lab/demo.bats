#!/usr/bin/env bats
# `make demo` must not tell a story of success when there is none: each part is
# broken in turn, and the demo has to notice, and to say what it noticed.

# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2016 # `wrap` expands its code later

load lab

setup() {
	# shellcheck source=../demo/story
	. "$LAB_TESTS/demo/story"
	# shellcheck disable=SC2034 # the story's
	patience=15
}

teardown() {
	lab_down
}

# fails_with SENTENCE: the story ends there, not with success.
fails_with() {
	run story 3>&-
	echo "$output"
	[ "$status" -eq 1 ]
	grep -q "^FAILED: .*$1" <<<"$output" && ! grep -q 'All of it worked' <<<"$output"
}

# wrap FUNCTION CODE: CODE runs after FUNCTION in the story. What is to fail has
# to be waited for, so that the patience is no longer than is needed for that.
wrap() {
	eval "unbroken_$(declare -f "$1"); $1() { unbroken_$1 \"\$@\" && $2; }"
}

@test "unbroken, it succeeds, in less than a minute" {
	local start=$SECONDS
	# shellcheck disable=SC2034 # the story's
	patience=15
	run story 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q 'All of it worked' <<<"$output"
	[ $((SECONDS - start)) -lt 60 ]
}

@test "a wrong password" {
	wrap lab_account 'sed -i s/bar/baz/ $ACCOUNTS; patience=1'
	fails_with 'the hook did not bring the tunnel up'
}

@test "no far tunnel" {
	wrap far_start 'lab_proto41 both; patience=1'
	fails_with '\(the IPv6 host does not answer\|the hook did not bring the tunnel up\)'
}

@test "ff02::2 is not answered" {
	wrap ping_works 'provider sysctl -qw net.ipv6.icmp.echo_ignore_multicast=1'
	fails_with 'ff02::2 does not answer'
}

@test "the hook is missing" {
	wrap up_install 'rm /etc/ppp/ip-up.d/dtcp-up; patience=1'
	fails_with 'the hook did not bring the tunnel up'
}

@test "something is left behind, for want of ip-down's hook" {
	wrap up_install 'rm /etc/ppp/ip-down.d/dtcp-up'
	wrap link_down 'patience=1'
	fails_with 'something was left behind'
}

@test "the redial fails" {
	wrap far_end_answers 'lab_pppoe_server_stop; patience=1'
	fails_with 'the line did not get another address'
}

@test "after the redial the account is refused" {
	wrap far_end_answers 'sed -i "s/foo bar/foo other/" $FAR_CONF; kill -HUP "$(far_root)"'
	wrap has_address 'patience=1'
	fails_with 'the tunnel did not come up again'
}
