/* SPDX-License-Identifier: ISC */
#include "session/dialogue.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "common/log.h"
#include "common/status_codes.h"

static int fail(struct dialogue *d, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct dialogue *d, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->why, sizeof d->why, fmt, ap);
	va_end(ap);
	return status;
}

/* A wait has failed. what says in which part of the login, and is "" elsewhere. */
static int broken(struct dialogue *d, enum connection_result r, const char *what, const char *text)
{
	switch (r) {
	case CONNECTION_STOP:
		return STATUS_PENDING;
	case CONNECTION_TOO_LONG:
	case CONNECTION_CONTROL:
		return fail(d, STATUS_PROTOCOL, "%sthe server %s: '%.200s'", what,
			    connection_result_text(r), text);
	case CONNECTION_ERROR:
		return fail(d, STATUS_UNREACHABLE, "%s%m", what);
	default:
		return fail(d, STATUS_UNREACHABLE, "%sthe server %s", what,
			    connection_result_text(r));
	}
}

static int get_line(struct dialogue *d, struct connection *n, const char *what, const char **text)
{
	enum connection_result r = connection_line(n, text);

	if (r != CONNECTION_OK)
		return broken(d, r, what, *text);
	log_msg(LOG_DEBUG, "S: %s", *text);
	return STATUS_OK;
}

static int greeting(struct dialogue *d, struct connection *n, char *challenge)
{
	const char *text, *rest;
	int status = get_line(d, n, "waiting for the greeting: ", &text);

	if (status != STATUS_OK)
		return status;
	switch (dtcp_answer(text, &rest)) {
	case DTCP_ERR:
		return fail(d, STATUS_UNREACHABLE, "the server greets with '%s'", text);
	case DTCP_OK:
		if (dtcp_challenge(rest, challenge))
			return STATUS_OK;
		break;
	case DTCP_BAD:
		break;
	}
	return fail(d, STATUS_PROTOCOL, "the greeting is not DTCP (is the port right?): '%s'", text);
}

/* The types other than the one that was asked for. */
static const char *other_types(enum dtcp_type type)
{
	switch (type) {
	case DTCP_NETWORK:
		return "there are also type=host and type=tunnelonly";
	case DTCP_HOST:
		return "there are also type=network and type=tunnelonly";
	case DTCP_TUNNELONLY:
		break;
	}
	return "there are also type=network and type=host";
}

/* The server has refused the login. The message says what may be wrong, where that can be
 * known. */
static int refused(struct dialogue *d, const char *rest, const char *text)
{
	const char *user = d->account->user;

	if (dtcp_unsupported_type(rest))
		return fail(d, STATUS_REFUSED, "the server refuses user '%.200s' (%s): '%s'", user,
			    other_types(d->account->type), text);
	if (!dtcp_authentication_failed(rest))
		return fail(d, STATUS_REFUSED, "the server refuses user '%.200s': '%s'", user, text);
	if (d->doubt)
		return fail(d, STATUS_REFUSED, "the server refuses user '%.200s' (the password %s): '%s'",
			    user, d->doubt, text);
	return fail(d, STATUS_REFUSED,
		    "the server refuses user '%.200s' (are user and password right?): '%s'", user,
		    text);
}

/* Sends the command and reads its answer: STATUS_OK with *rest after +OK,
 * STATUS_REFUSED with *rest after -ERR. */
static int try_login(struct dialogue *d, struct connection *n, const unsigned char *digest,
		     bool upper, const char **rest)
{
	const struct account *a = d->account;
	char command[DTCP_COMMAND_MAX];
	size_t len = dtcp_command(command, a->user, digest, upper, a->type);
	enum connection_result r;
	const char *text;
	int status;

	log_msg(LOG_DEBUG, "C: tunnel %s <digest> %s", a->user, tunnel_type_name(a->type));
	r = connection_write(n, command, len);
	explicit_bzero(command, sizeof command);
	if (r != CONNECTION_OK)
		return broken(d, r, "sending the login: ", "");
	d->asked(d->arg);
	status = get_line(d, n, "waiting for the answer to the login: ", &text);
	if (status != STATUS_OK)
		return status;
	switch (dtcp_answer(text, rest)) {
	case DTCP_OK:
		return STATUS_OK;
	case DTCP_ERR:
		return refused(d, *rest, text);
	default:
		return fail(d, STATUS_PROTOCOL, "the answer to the login is not DTCP: '%s'", text);
	}
}

static int take_offer(struct dialogue *d, const char *rest, struct offer *o)
{
	char why[OFFER_WHY_MAX];

	if (!dtcp_offer(rest, d->account->type, o, why) || !offer_check(o, why))
		return fail(d, STATUS_PROTOCOL, "%s", why);
	if (o->ignored)
		log_msg(LOG_NOTICE, "%s: %u word%s of the offer ignored: '%s'", d->account->server,
			o->ignored, o->ignored == 1 ? "" : "s", rest);
	if (o->cleared)
		log_msg(LOG_WARNING, "%s: the offer has bits beyond the length of a prefix, which "
				     "are cleared: '%s'", d->account->server, rest);
	return STATUS_OK;
}

static bool has_letters(const unsigned char digest[DTCP_DIGEST_BYTES])
{
	for (unsigned i = 0; i < DTCP_DIGEST_BYTES; i++)
		if (digest[i] >> 4 > 9 || (digest[i] & 15) > 9)
			return true;
	return false;
}

int dialogue_login(struct dialogue *d, struct connection *n, struct offer *o)
{
	char challenge[DTCP_CHALLENGE_MAX + 1], why[DIALOGUE_WHY_MAX / 2];
	char refusal[DIALOGUE_WHY_MAX];
	unsigned char digest[DTCP_DIGEST_BYTES] = {0};
	const char *rest = "";
	int status = greeting(d, n, challenge);

	d->stranger = status == STATUS_PROTOCOL;
	if (status != STATUS_OK)
		return status;
	if (!d->answer(d->arg, challenge, digest, why, sizeof why))
		return fail(d, STATUS_SYSTEM, "%s", why);
	d->upper = d->letter_case < 0 ? dtcp_upper(challenge) : d->letter_case > 0;
	status = try_login(d, n, digest, d->upper, &rest);
	if (status == STATUS_REFUSED && dtcp_authentication_failed(rest) && has_letters(digest)) {
		snprintf(refusal, sizeof refusal, "%s", d->why);
		d->upper = !d->upper;
		status = try_login(d, n, digest, d->upper, &rest);
		/* A server that hangs up on the other case has given its answer. */
		if (status == STATUS_UNREACHABLE)
			status = fail(d, STATUS_REFUSED, "%s", refusal);
	}
	explicit_bzero(digest, sizeof digest);
	return status == STATUS_OK ? take_offer(d, rest, o) : status;
}

bool dialogue_ping(struct connection *n)
{
	log_msg(LOG_DEBUG, "C: ping");
	return connection_write(n, "ping\r\n", 6) == CONNECTION_OK;
}

int dialogue_pong(struct dialogue *d, struct connection *n)
{
	const char *text, *rest;
	enum connection_result r = connection_take_line(n, &text);
	enum dtcp_answer answer;

	if (r == CONNECTION_TIMEOUT)
		return STATUS_PENDING;
	if (r != CONNECTION_OK)
		return broken(d, r, "", text);
	log_msg(LOG_DEBUG, "S: %s", text);
	answer = dtcp_answer(text, &rest);
	if (answer == DTCP_OK)
		return STATUS_OK;
	return fail(d, answer == DTCP_ERR ? STATUS_UNREACHABLE : STATUS_PROTOCOL,
		    "the server says '%s' where +OK was expected", text);
}

bool dialogue_quit(struct connection *n)
{
	const char *text;

	log_msg(LOG_DEBUG, "C: quit");
	if (connection_write(n, "quit\r\n", 6) != CONNECTION_OK ||
	    connection_line(n, &text) != CONNECTION_OK)
		return false;
	log_msg(LOG_DEBUG, "S: %s", text);
	return true;
}

/* The answer to a ping may still be on its way, as a line before the answer to quit. */
void dialogue_wait_end(struct connection *n)
{
	const char *text;

	for (int more = 0; more < 2 && connection_line(n, &text) == CONNECTION_OK; more++)
		;
}
