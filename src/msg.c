/* SPDX-License-Identifier: ISC */
#include "msg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "status_codes.h"

bool msg_send(int fd, const struct msg *m)
{
	ssize_t n;

	do {
		n = send(fd, m, sizeof *m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof *m;
}

bool msg_text(int fd, enum msg_kind kind, int code, const char *fmt, ...)
{
	struct msg m;
	va_list ap;

	memset(&m, 0, sizeof m);
	m.kind = kind;
	m.code = code;
	va_start(ap, fmt);
	vsnprintf(m.text, sizeof m.text, fmt, ap);
	va_end(ap);
	return msg_send(fd, &m);
}

int msg_recv(int fd, struct msg *m)
{
	ssize_t n;

	do {
		n = recv(fd, m, sizeof *m, MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	if (n != (ssize_t)sizeof *m) {
		errno = n == 0 ? ECONNRESET : EBADMSG;
		return -1;
	}
	m->text[sizeof m->text - 1] = '\0';
	return 1;
}

bool msg_from_session_ok(const struct msg *m)
{
	switch (m->kind) {
	case MSG_LOG:
		return m->code >= LOG_ERR && m->code <= LOG_DEBUG;
	case MSG_OFFER:
		return m->offer.n_prefixes <= OFFER_PREFIXES && m->upper <= 1 &&
		       (m->offer.type == DTCP_NETWORK || m->offer.type == DTCP_HOST ||
			m->offer.type == DTCP_TUNNELONLY);
	case MSG_PONG:
		return true;
	case MSG_FAIL:
		return m->code == STATUS_UNREACHABLE || m->code == STATUS_SYSTEM ||
		       m->code == STATUS_PROTOCOL || m->code == STATUS_REFUSED;
	default:
		return false;
	}
}
