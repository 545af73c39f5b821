#!/usr/bin/env bats
# dtcpd, the far end, when its front or auth was taken over: what it can make the others
# do, and what the kernel lets it do.

load lab
load far
load attack
load ../messages/messages

setup_file() { attack_puppet; }
setup() { far_up; }
teardown() { lab_end; }

# as_front PROGRAM, as_auth PROGRAM: Python code that speaks in place of that process,
# with its channel: to auth, or to root. The process itself is stopped, and its channel
# taken by its number (pidfd_getfd(2)).
as_front() { in_place_of front 3 "$1"; }
as_auth() { in_place_of auth 4 "$1"; }
in_place_of() {
	/usr/bin/python3 - "$(far_named "$1")" "$2" 3>&- <<-END
		import ctypes, hashlib, os, socket, struct, sys, time
		libc = ctypes.CDLL(None, use_errno=True)
		pid, number = (int(word) for word in sys.argv[1:])
		pidfd = libc.syscall(434, pid, 0)
		os.kill(pid, 19)  # stopped: we are that process now
		fd = libc.syscall(438, pidfd, number, 0)
		assert fd >= 0
		channel = socket.socket(fileno=fd)
		channel.settimeout(3)
		OPEN, LOGIN, PINGED, CLOSE, CHALLENGE, REFUSED, RESULT, END, GONE, WANT, LEFT, USER, USERS_END = range(1, 14)
		def message(kind, slot=1, generation=99, user=0, code=0, type=0, client='203.0.113.66',
		            server='$LAB_SERVER4', response=bytes(16), upper=0, name=b'', text=b''):
		    return (struct.pack('<6I', kind, slot, generation, user, code, type) +
		            socket.inet_aton(client) + socket.inet_aton(server) + response + bytes([upper]) +
		            name.ljust(129, b'\0') + text.ljust(513, b'\0')).ljust(size, b'\0')
		size = 24 + 8 + 16 + 1 + 129 + 513
		size += -size % 4
		texts = 24 + 8 + 16 + 1 + 129
		def heard():
		    try:
		        data = channel.recv(4096)
		    except socket.timeout:
		        return None
		    if not data:
		        return 'end'
		    kind, slot, generation, user, code = struct.unpack('<5I', data[:20])
		    return kind, code, data
		def text(data):
		    return data[texts:].split(b'\0')[0]
		$3
	END
}

@test "a login without a challenge, or with a wrong response, gets no tunnel" {
	as_front "
channel.send(message(LOGIN, name=b'foo'))
assert heard() is None
channel.send(message(OPEN))
kind, code, data = heard()
assert kind == CHALLENGE
assert b'bar' not in data
for n in range(2):
    channel.send(message(LOGIN, name=b'foo', response=bytes([n]) * 16))
    kind, code, data = heard()
    assert kind == RESULT and code == 1, (kind, code)
    assert b'bar' not in data
"
	far_gone
}

@test "what only auth may say ends the server, and builds nothing" {
	as_front "
channel.send(message(WANT, user=1))
assert heard() == 'end'
"
	wait_for 20 lab_gone "$(</run/lab/far.pid)"
	far_gone
}

@test "nor do messages of another size, slots that there are not, or codes" {
	for bad in "b'x'" "message(OPEN, slot=999999)" "message(LOGIN, code=7)" "message(OPEN, client='0.0.0.0')" \
		"message(LOGIN, name=b'a\\n')" "message(USER, user=1, name=b'x', text=b'y')"; do
		[ -e "$FAR_RUN/dtcpd.pid" ] || far_start
		as_front "
channel.send($bad)
assert heard() == 'end'
"
		wait_for 20 lab_gone "$(</run/lab/far.pid)"
		far_gone
	done
}

@test "it cannot guess on: the third failure of a connection, and thirty of an address" {
	as_front "
n = 0
for slot in range(1, 200):
    channel.send(message(OPEN, slot=slot))
    kind, code, data = heard()
    if kind == REFUSED:
        break
    channel.send(message(LOGIN, slot=slot, name=b'foo', response=bytes([slot]) * 16))
    kind, code, data = heard()
    assert kind == RESULT and code in (1, 2), (kind, code)
    n += 1
assert n == 30, n
"
	far_said 'failed logins; connections from there are refused'
}

@test "an answer is good for its own challenge and its own user, and brings that user's prefix" {
	far_conf 'user two secret prefix=2001:db8:c0df::/48'
	kill -HUP "$(far_root)"
	wait_for 5 far_said '2 users'
	as_front "
def answer(challenge, name, password):
    return hashlib.md5(name + challenge + password).digest()
def opened(slot, generation=99):
    channel.send(message(OPEN, slot=slot, generation=generation))
    kind, code, data = heard()
    assert kind == CHALLENGE
    return text(data)
first, second = opened(1), opened(2)
two = answer(first, b'two', b'secret')
# For another connection, for another user, and for one that has no challenge.
for slot, name in ((2, b'two'), (1, b'foo')):
    channel.send(message(LOGIN, slot=slot, name=name, response=two))
    assert heard()[:2] == (RESULT, 1)
channel.send(message(LOGIN, slot=3, name=b'two', response=two))
assert heard() is None
channel.send(message(LOGIN, name=b'two', response=two))
kind, code, data = heard()
assert (kind, code) == (RESULT, 0), (kind, code)
assert text(data).split()[2:] == [b'2001:db8:c0df::/48'], text(data)
# Nor does it hold a second time, or where the connection is made anew.
channel.send(message(LOGIN, name=b'two', response=two))
assert heard() is None
channel.send(message(CLOSE))
assert heard()[0] == GONE
third = opened(1, 100)
assert third != first
channel.send(message(LOGIN, generation=100, name=b'two', response=two))
assert heard()[:2] == (RESULT, 1)
"
	not far_said 'foo has a tunnel'
}

@test "auth gets no tunnel but as the file says, and none to this machine itself" {
	as_auth "
# A user that there is not; one that may not have that type; ends that are nobody's.
for wrong, answer in ((dict(user=99), 1), (dict(user=1, client='127.0.0.1'), 6),
                      (dict(user=1, client='$LAB_PROVIDER4'), 6), (dict(user=1, client='224.0.0.1'), 6)):
    channel.send(message(WANT, **wrong))
    kind, code, data = heard()
    assert (kind, code) == (RESULT, answer), (wrong, kind, code)
channel.send(message(WANT, user=1))
kind, code, data = heard()
assert (kind, code) == (RESULT, 0), (kind, code)
assert text(data).split()[2:] == [b'$LAB_PREFIX'], text(data)
# What root alone may say.
channel.send(message(USER, user=1, name=b'foo', text=b'x'))
assert heard() == 'end'
"
	wait_for 20 lab_gone "$(</run/lab/far.pid)"
	message 'auth says what it may not' - "$(grep -v 'listening at\|foo has a tunnel' /run/lab/far.log | uniq)" \
		-e 's/: [0-9]+ s, .*/: .../'
	as_table far-lab-auth
	far_clean
}

# attack_role front|auth: every attack, made by that process.
attack_role() {
	provider timeout $((20 * LAB_SLOW)) "$PUPPET" "$(far_named "$1")" attack "$(far_root)" "$FAR_RUN" "$FAR_CONF" dtcpd
}

@test "each is killed for whatever it should not do, and nothing is left" {
	for role in front auth; do
		dtcp_up "$LAB_CLIENT4"
		run attack_role $role
		echo "$output"
		[ "$status" != 0 ]
		[ "${#lines[@]}" -le 2 ]
		[[ $output != *': done'* ]]
		wait_for 20 lab_gone "$(</run/lab/far.pid)"
		far_said "the process $role was ended by signal 31, for a system call that it may not make"
		far_clean
		dtcp_up --down
		far_start
	done
}

sleeps() { [ "$(<"/proc/$1/comm")" = sleep ]; }

@test "without that filter the kernel refuses each attack all the same" {
	far_stop
	FAR=$LAB_PROJECT/build/faults/dtcpd far_start
	provider bash -c 'echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range'
	for role in front auth; do
		attack_role $role | tee /run/lab/attacks
		[ "$(wc -l </run/lab/attacks)" -ge 29 ]
		# The front has no files at all. Who is in a namespace of users alone is root there.
		not grep -vE -e ': (EACCES|EPERM|EAFNOSUPPORT|EPROTONOSUPPORT|EINVAL|ENOENT)$' \
			-e '^become root in a user namespace: done$' /run/lab/attacks
	done
	# A process of root can do nearly all of it, so that the attacks are real.
	lab_spawn root ip netns exec provider sleep 60
	wait_for 10 sleeps "$(cat /run/lab/root.pid)" # and is no shell or ip any more
	provider timeout $((20 * LAB_SLOW)) "$PUPPET" "$(cat /run/lab/root.pid)" attack "$(far_root)" "$FAR_RUN" "$FAR_CONF" dtcpd |
		tee /run/lab/attacks
	[ "$(grep -c ': done$' /run/lab/attacks)" -ge 26 ]
}
