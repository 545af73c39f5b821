/* SPDX-License-Identifier: ISC */
#include "server/auth.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/jail.h"
#include "common/log.h"
#include "common/text.h"
#include "protocol/digest.h"
#include "server/channel.h"
#include "server/failures.h"
#include "server/message.h"
#include "server/users.h"

enum { TRIES = 3 }; /* failed logins, after which a connection ends */

/* How far a connection has got, by what went through here, and not by what the
 * front says of it. */
enum slot_state {
	SLOT_FREE,
	SLOT_OPEN,     /* has a challenge */
	SLOT_CHECKING, /* root was asked for a tunnel */
	SLOT_UP,       /* root has built it */
	SLOT_CLOSING   /* the connection is over, and root was told */
};

struct slot {
	enum slot_state state;
	uint32_t generation;
	uint32_t user; /* from SLOT_CHECKING on */
	struct in_addr client, server;
	char challenge[MESSAGE_CHALLENGE_LEN + 1];
	struct failed failed;
};

struct auth {
	uint32_t slots;
	struct slot *slot;
	struct channel front, root;
	struct users users, incoming; /* those of a file that is being read anew */
	struct failures failures;
};

static void send_on(struct channel *to, enum message_kind kind, uint32_t slot, const struct slot *s,
		    uint32_t code)
{
	struct message m;

	memset(&m, 0, sizeof m);
	m.kind = kind;
	m.slot = slot;
	m.generation = s->generation;
	m.code = code;
	channel_send(to, &m);
}

/* 128 fresh random bits. False where the kernel has none. */
static bool make_challenge(char text[MESSAGE_CHALLENGE_LEN + 1])
{
	unsigned char random[MESSAGE_CHALLENGE_LEN / 2];

	/* Not by getrandom(): from 2.41 on glibc has it read from memory that it gets
	 * by calls for which the jail kills. */
	if (syscall(SYS_getrandom, random, sizeof random, 0) != (long)sizeof random)
		return false;
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	return true;
}

/* True where a tunnel leads to that address: of this user, or of any (0). */
static bool has_tunnel(const struct auth *a, struct in_addr client, uint32_t user)
{
	for (uint32_t i = 0; i < a->slots; i++)
		if (a->slot[i].state == SLOT_UP && a->slot[i].client.s_addr == client.s_addr &&
		    (!user || a->slot[i].user == user))
			return true;
	return false;
}

static void open_slot(struct auth *a, const struct message *m)
{
	struct slot *s = &a->slot[m->slot];
	struct message answer;

	if (s->state != SLOT_FREE)
		return;
	*s = (struct slot){.generation = m->generation, .client = m->client, .server = m->server};
	if (failures_blocked(&a->failures, s->client, clock_ms()) && !has_tunnel(a, s->client, 0)) {
		send_on(&a->front, MESSAGE_REFUSED, m->slot, s, END_BLOCKED);
		return;
	}
	if (!make_challenge(s->challenge)) {
		send_on(&a->front, MESSAGE_REFUSED, m->slot, s, END_LOST);
		return;
	}
	s->state = SLOT_OPEN;
	memset(&answer, 0, sizeof answer);
	answer.kind = MESSAGE_CHALLENGE;
	answer.slot = m->slot;
	answer.generation = s->generation;
	memcpy(answer.text, s->challenge, sizeof s->challenge);
	channel_send(&a->front, &answer);
}

/* Without a branch on what is compared, so that time does not tell where it differs. */
static bool same_bytes(const unsigned char *a, const unsigned char *b, size_t n)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

/* The user whose response that is; id 0 where it is nobody's. The work is the same
 * for a user who does not exist. */
static uint32_t check_response(const struct auth *a, const struct slot *s, const struct message *m)
{
	struct user u = users_named(&a->users, m->name);
	unsigned char right[DTCP_DIGEST_BYTES] = {0};
	bool ok = digest_response(m->name, s->challenge, u.id ? u.password : "nobody's", right) &&
		  same_bytes(right, m->response, sizeof right);

	explicit_bzero(right, sizeof right);
	return ok && m->code != LOGIN_MALFORMED ? u.id : 0;
}

/* Another failed login. True where its address is blocked from now on. */
static bool count_failure(struct auth *a, struct in_addr client, const char *name)
{
	char shown[CONFIG_NAME_MAX + 1];
	int64_t now = clock_ms(), left;
	bool first;

	text_escape(shown, sizeof shown, name, strlen(name));
	log_msg(LOG_NOTICE, "%s: a login as '%s' failed", text_ipv4(client), shown);
	first = failures_add(&a->failures, client, now);
	left = failures_blocked(&a->failures, client, now);
	if (first)
		log_msg(LOG_WARNING,
			"%s: %d failed logins; connections from there are refused for %lld s",
			text_ipv4(client), FAILURES_MOST, (long long)left / 1000);
	return left > 0;
}

static void login_failed(struct auth *a, const struct message *m, bool blocked)
{
	struct slot *s = &a->slot[m->slot];

	if (failed_anew(&s->failed, m) && !blocked)
		blocked = count_failure(a, s->client, m->name);
	send_on(&a->front, MESSAGE_RESULT, m->slot, s,
		blocked || s->failed.count >= TRIES ? RESULT_LAST : RESULT_FAILED);
}

static void log_in(struct auth *a, const struct message *m)
{
	struct slot *s = &a->slot[m->slot];
	struct message want;
	uint32_t user;
	bool blocked;

	if (s->state != SLOT_OPEN || s->generation != m->generation)
		return;
	user = check_response(a, s, m);
	blocked = failures_blocked(&a->failures, s->client, clock_ms()) > 0;
	if (!user || (blocked && !has_tunnel(a, s->client, user))) {
		login_failed(a, m, blocked);
		return;
	}
	if (m->code == LOGIN_UNKNOWN_TYPE) {
		log_msg(LOG_NOTICE,
			"%s: a login as '%s' is refused: there is no tunnel type of that name",
			text_ipv4(s->client), m->name);
		send_on(&a->front, MESSAGE_RESULT, m->slot, s, RESULT_UNSUPPORTED);
		return;
	}
	s->state = SLOT_CHECKING;
	s->user = user;
	memset(&want, 0, sizeof want);
	want.kind = MESSAGE_WANT;
	want.slot = m->slot;
	want.generation = s->generation;
	want.user = user;
	want.type = m->type;
	want.client = s->client;
	want.server = s->server;
	channel_send(&a->root, &want);
}

static void close_slot(struct auth *a, const struct message *m)
{
	struct slot *s = &a->slot[m->slot];

	if (s->generation != m->generation)
		return;
	if (s->state == SLOT_CHECKING || s->state == SLOT_UP) {
		s->state = SLOT_CLOSING;
		send_on(&a->root, MESSAGE_LEFT, m->slot, s, LEFT_ENDED);
	} else if (s->state == SLOT_OPEN) {
		s->state = SLOT_FREE;
		send_on(&a->front, MESSAGE_GONE, m->slot, s, 0);
	}
}

static void hear_front(struct auth *a, const struct message *m)
{
	struct slot *s = &a->slot[m->slot];

	switch (m->kind) {
	case MESSAGE_OPEN:
		open_slot(a, m);
		break;
	case MESSAGE_LOGIN:
		log_in(a, m);
		break;
	case MESSAGE_CLOSE:
		close_slot(a, m);
		break;
	case MESSAGE_READY:
		channel_send(&a->root, m);
		break;
	default: /* MESSAGE_PINGED: message_ok() lets no other pass */
		if (s->state == SLOT_UP && s->generation == m->generation)
			send_on(&a->root, MESSAGE_PINGED, m->slot, s, m->code);
		break;
	}
}

/* The new users take effect. Whoever is gone, or has another password, loses the
 * session. */
static void change_users(struct auth *a)
{
	struct users old = a->users;

	a->users = a->incoming;
	for (uint32_t i = 0; i < a->slots; i++) {
		struct slot *s = &a->slot[i];
		struct user was, is;

		if (s->state != SLOT_CHECKING && s->state != SLOT_UP)
			continue;
		was = users_numbered(&old, s->user);
		is = users_numbered(&a->users, s->user);
		if (is.id && strcmp(was.password, is.password) == 0)
			continue;
		s->state = SLOT_FREE;
		send_on(&a->root, MESSAGE_LEFT, i, s, LEFT_CHANGED);
		send_on(&a->front, MESSAGE_END, i, s, END_CHANGED);
	}
	users_clear(&old);
	a->incoming = old;
}

static void login_result(struct auth *a, struct message *m)
{
	struct slot *s = &a->slot[m->slot];

	if (s->state != SLOT_CHECKING)
		return;
	s->state = m->code == RESULT_OK ? SLOT_UP : SLOT_OPEN;
	if (m->code == RESULT_OK)
		explicit_bzero(s->challenge, sizeof s->challenge);
	channel_send(&a->front, m);
}

/* Root has ended the session, or there is no tunnel of it any more. */
static void ended(struct auth *a, const struct message *m)
{
	struct slot *s = &a->slot[m->slot];
	bool closing = s->state == SLOT_CLOSING;

	if (!closing &&
	    (m->kind == MESSAGE_GONE || (s->state != SLOT_CHECKING && s->state != SLOT_UP)))
		return;
	s->state = SLOT_FREE;
	send_on(&a->front, closing ? MESSAGE_GONE : MESSAGE_END, m->slot, s, closing ? 0 : m->code);
}

/* False where the users do not fit: that cannot be, unless root says nonsense. */
static bool hear_root(struct auth *a, struct message *m)
{
	bool known = a->slot[m->slot].generation == m->generation;

	switch (m->kind) {
	case MESSAGE_USER:
		return users_add(&a->incoming, m->user, m->name, m->text);
	case MESSAGE_USERS_END:
		change_users(a);
		return true;
	case MESSAGE_IDLE:
		channel_send(&a->front, m);
		return true;
	case MESSAGE_RESULT:
		if (known)
			login_result(a, m);
		return true;
	default: /* MESSAGE_END, MESSAGE_GONE */
		if (known)
			ended(a, m);
		return true;
	}
}

static void serve(struct auth *a)
{
	while (!a->front.broken && !a->root.broken) {
		/* What the front says makes messages for root, and answers to it. */
		bool hear = !channel_busy(&a->root) && !channel_busy(&a->front);
		struct pollfd p[2] = {
			{.fd = a->front.fd, .events = channel_events(&a->front, hear)},
			{.fd = a->root.fd, .events = channel_events(&a->root, true)},
		};
		struct message m;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		channel_flush(&a->front);
		channel_flush(&a->root);
		while (channel_receive(&a->root, &m, FROM_ROOT, a->slots) > 0)
			if (!hear_root(a, &m))
				return;
		explicit_bzero(&m, sizeof m);
		while (!channel_busy(&a->root) && !channel_busy(&a->front) &&
		       channel_receive(&a->front, &m, FROM_FRONT, a->slots) > 0)
			hear_front(a, &m);
	}
}

static bool allocate(struct auth *a, int front, int root)
{
	a->slot = calloc(a->slots, sizeof *a->slot);
	/* Half of a queue must have room for what follows from messages that are under way. */
	return a->slot && users_init(&a->users) && users_init(&a->incoming) &&
	       channel_init(&a->front, front, 8 * (size_t)a->slots) &&
	       channel_init(&a->root, root, 8 * (size_t)a->slots);
}

/* libcrypto gets its memory and all that it loads before the jail. */
static bool crypto_ready(void)
{
	unsigned char digest[DTCP_DIGEST_BYTES];

	return digest_response("", "", "", digest);
}

void auth_main(int front, int root, const struct auth_how *how)
{
	static struct auth a;

	a.slots = how->slots;
	if (!allocate(&a, front, root)) {
		log_msg(LOG_ERR, "auth has too little memory");
		return;
	}
	/* A network of its own, in which there is nothing. */
	if (geteuid() == 0 && unshare(CLONE_NEWNET) < 0)
		log_msg(LOG_DEBUG, "auth has no network namespace of its own: %m");
	if (!crypto_ready() || !privs_drop(&how->user))
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!jail_enter(JAIL_AUTH)) {
		log_msg(LOG_ERR, "auth's system calls cannot be filtered: %m");
		return;
	}
	serve(&a);
}
