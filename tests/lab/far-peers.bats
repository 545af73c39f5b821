#!/usr/bin/env bats
# dtcpd, the far end, with clients that are not dtcp-up: the Perl client of the bench,
# which is of the seed page's kind, one with the habits of KAME's dtcpc, and a person.

load lab
load far

setup() { far_up --verbose; }
teardown() { lab_end; }

@test "the Perl client" {
	lab_spawn perl ip netns exec customer perl "$LAB_PROJECT/tests/bench/client.pl" "$LAB_SERVER4" "$LAB_CLIENT4"
	wait_for 20 lab_ping6 customer "$LAB_HOST6"
	far_said 'C: (tunnel|TUNNEL) foo <digest> network'
	pkill -f tests/bench/client.pl
	wait_for 20 far_said 'is over'
	far_stop
	far_clean
}

@test "a client with the habits of KAME's dtcpc" {
	# It sends the digest in upper case, whatever the challenge is like, and gives up
	# where it is not seen as what it is; it pings with "ping", and takes any +OK.
	lab_spawn kame ip netns exec customer /usr/bin/python3 -u -c "
import hashlib, socket, subprocess, sys, time
s = socket.create_connection(('$LAB_SERVER4', 20200), source_address=('$LAB_CLIENT4', 0))
f = s.makefile('rb')
challenge = f.readline().split()[1]
digest = hashlib.md5(b'foo' + challenge + b'bar').hexdigest().upper()
s.sendall(b'tunnel foo ' + digest.encode() + b' host\r\n')
answer = f.readline().decode().split()
assert answer[0] == '+OK' and answer[1] == '$LAB_CLIENT4', answer
me4, you4, me6, you6 = answer[1:5]
for line in ('tunnel add name gif0 mode sit local %s remote %s ttl 30' % (me4, you4), 'link set gif0 up',
             '-6 addr add %s peer %s dev gif0 nodad' % (me6, you6), '-6 route add default dev gif0'):
    subprocess.run(['ip'] + line.split(), check=True)
s.sendall(b'ping\r\n')
assert f.readline().startswith(b'+OK')
print('up')
sys.stdin.readline()
s.sendall(b'quit\r\n')
assert f.readline().startswith(b'+OK')
assert f.readline() == b''
print('over')
" </dev/null
	wait_for 20 grep -q over /run/lab/kame.log
	grep -q '^up$' /run/lab/kame.log
	wait_for 10 far_said 'is over'
	[ -z "$(lab_far_interfaces)" ]
}

@test "a person" {
	said=$(customer bash -c "exec 7<>/dev/tcp/$LAB_SERVER4/20200
		printf 'help\nPING\nhello\nquit\n' >&7
		timeout 20 cat <&7" 3>&- | tr -d '\r')
	echo "$said"
	[[ $said = '+OK '????????????????????????????????' dtcpd '* ]]
	diff - <(tail -n +2 <<<"$said") <<-'END'
		+OK valid commands are: TUNNEL PING HELP QUIT
		+OK pong
		-ERR invalid command
		+OK tunnel server quitting
	END
}

@test "a client that vanishes without a word is there until its silence has lasted" {
	far_stop
	far_conf 'idle 3'
	far_start
	dtcp_up "$LAB_CLIENT4"
	lab_silence on
	wait_for 30 far_said 'is over'
	wait_for 10 far_gone
	lab_silence off
}
