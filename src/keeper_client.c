/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_state.h"
#include "link.h"
#include "log.h"
#include "status_codes.h"
#include "text.h"

void keeper_say(void *arg, int priority, const char *text)
{
	struct keeper *k = arg;

	for (int i = 0; i < KEEPER_CLIENTS; i++)
		if (k->clients[i].waiting && priority <= k->clients[i].asked.threshold)
			control_say(k->clients[i].fd, CONTROL_TEXT, priority, text);
}

/* What no caller wants to hear is not even put into words. */
void keeper_hear(const struct keeper *k)
{
	int most = LOG_ERR;

	for (int i = 0; i < KEEPER_CLIENTS; i++)
		if (k->clients[i].waiting && k->clients[i].asked.threshold > most)
			most = k->clients[i].asked.threshold;
	log_client_threshold(most);
}

static void hang_up(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->waiting = false;
}

static void result(struct client *c, int status)
{
	control_say(c->fd, CONTROL_RESULT, status, "");
	hang_up(c);
}

void keeper_add_client(struct keeper *k, int fd, const struct control_request *asked)
{
	for (int i = 0; i < KEEPER_CLIENTS; i++) {
		struct client *c = &k->clients[i];

		if (c->fd >= 0)
			continue;
		c->fd = fd;
		c->waiting = asked != NULL;
		if (asked)
			c->asked = *asked;
		keeper_hear(k);
		return;
	}
	close(fd); /* it asks again */
}

void keeper_accept(struct keeper *k)
{
	int fd = control_accept(k->listener);

	if (fd >= 0)
		keeper_add_client(k, fd, NULL);
}

static void ask_down(struct keeper *k, struct client *c)
{
	if (c->asked.link[0] && k->link[0] && strcmp(c->asked.link, k->link) != 0) {
		log_msg(LOG_NOTICE, "%s: is kept for link %s, so link %s going down leaves it up",
			k->how.interface, k->link, c->asked.link);
		result(c, STATUS_OK);
		return;
	}
	if (k->fsm.state < FSM_END_SCRIPT) {
		c->waiting = false; /* it knows that it asked */
		log_msg(LOG_NOTICE, "%s: ends by --down", k->how.interface);
		c->waiting = true;
	}
	keeper_event(k, EV_STOP, 0);
}

/* Which link a caller means; false where no interface has the address that it
 * named, after a message. */
static bool find_link(const struct keeper *k, const struct control_request *q,
		      char link[IF_NAMESIZE])
{
	memcpy(link, q->link, IF_NAMESIZE);
	if (!link[0] && q->address.s_addr && !link_of(q->address, link)) {
		log_msg(LOG_ERR, "%s: no interface has the address %s", k->how.interface,
			text_ipv4(q->address));
		return false;
	}
	if (!link[0])
		memcpy(link, k->link, IF_NAMESIZE);
	return true;
}

/* Which address of that link; false where it has none, after a message. */
static bool find_address(const struct keeper *k, const struct control_request *q, const char *link,
			 struct in_addr *address)
{
	*address = k->wanted;
	if (!link[0])
		return true;
	if (q->address.s_addr || strcmp(link, k->link) != 0)
		*address = q->address;
	if (!link_address(link, *address, address)) {
		log_msg(LOG_ERR, "%s: link %s has no global IPv4 address", k->how.interface, link);
		return false;
	}
	if (q->address.s_addr && address->s_addr != q->address.s_addr)
		log_msg(LOG_NOTICE, "%s: link %s has the address %s now, not %s", k->how.interface,
			link, text_ipv4(*address), text_ipv4(q->address));
	return true;
}

static void ask_up(struct keeper *k, struct client *c)
{
	const struct control_request *q = &c->asked;
	char link[IF_NAMESIZE];
	struct in_addr address, own;
	bool found = find_link(k, q, link), other;

	other = found && k->link[0] && strcmp(link, k->link) != 0;
	if (other && link_address(k->link, k->wanted, &own)) {
		log_msg(LOG_NOTICE, "%s: is kept for link %s, which still has %s; link %s is not "
				    "used", k->how.interface, k->link,
			text_ipv4(own), link);
		result(c, STATUS_OK);
		return;
	}
	if (!found || !find_address(k, q, link, &address)) {
		result(c, q->no_wait || q->persist ? STATUS_PENDING : STATUS_UNREACHABLE);
		return;
	}
	if (other)
		log_msg(LOG_NOTICE, "%s: moves from link %s, which has no address, to link %s",
			k->how.interface, k->link, link);
	memcpy(k->link, link, IF_NAMESIZE);
	k->wanted = address;
	if (k->fsm.state == FSM_WAIT || address.s_addr != k->bound.s_addr)
		keeper_check_link(k, false);
	else
		keeper_event(k, EV_ASK, 0);
	if (c->fd >= 0 && q->no_wait)
		result(c, k->state.word == STATE_UP && fsm_is_up(&k->fsm) ? STATUS_OK
									 : STATUS_PENDING);
}

void keeper_client(struct keeper *k, struct client *c)
{
	struct control_request q;
	int got = control_recv_request(c->fd, &q);

	if (got == 0)
		return;
	if (got < 0) {
		hang_up(c);
		return;
	}
	c->asked = q;
	c->waiting = true;
	keeper_hear(k);
	if (k->fsm.state >= FSM_END_SCRIPT && q.op == CONTROL_UP) {
		control_say(c->fd, CONTROL_ENDING, 0, "");
		hang_up(c);
	} else if (q.op == CONTROL_DOWN) {
		ask_down(k, c);
	} else {
		ask_up(k, c);
	}
}

static bool any_waiting(const struct keeper *k)
{
	for (int i = 0; i < KEEPER_CLIENTS; i++)
		if (k->clients[i].waiting)
			return true;
	return false;
}

void keeper_answer(struct keeper *k)
{
	int status = k->fsm.status;

	if (k->fsm.state >= FSM_END_SCRIPT || (status == STATUS_OK && !fsm_is_up(&k->fsm)))
		return;
	/* Who asks --status next is to hear what the caller has just been told. */
	if (any_waiting(k))
		keeper_tell(k);
	for (int i = 0; i < KEEPER_CLIENTS; i++) {
		struct client *c = &k->clients[i];

		if (!c->waiting || c->asked.op != CONTROL_UP)
			continue;
		if (status == STATUS_OK || !(c->asked.persist || c->asked.no_wait))
			result(c, status);
	}
}

void keeper_answer_last(struct keeper *k)
{
	char text[64];

	for (int i = 0; i < KEEPER_CLIENTS; i++) {
		struct client *c = &k->clients[i];
		int status = k->fsm.status;

		if (!c->waiting)
			continue;
		if (c->asked.op == CONTROL_UP && status == STATUS_OK) {
			/* Somebody wanted it down; to begin anew would undo that. */
			snprintf(text, sizeof text, "%s: was ended while it was coming up",
				 k->how.interface);
			control_say(c->fd, CONTROL_TEXT, LOG_ERR, text);
			status = STATUS_SYSTEM;
		}
		result(c, status);
	}
}
