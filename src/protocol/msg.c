/* SPDX-License-Identifier: ISC */
#include "protocol/msg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "common/fd.h"
#include "common/status_codes.h"

bool msg_send(int fd, const struct msg *m)
{
	return fd_send(fd, m, sizeof *m, 0);
}

bool msg_send_fd(int channel, const struct msg *m, int fd)
{
	union {
		struct cmsghdr h;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec piece = {(void *)(uintptr_t)m, sizeof *m};
	struct msghdr h = {.msg_iov = &piece,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof control.bytes};
	ssize_t n;

	memset(&control, 0, sizeof control);
	control.h.cmsg_len = CMSG_LEN(sizeof fd);
	control.h.cmsg_level = SOL_SOCKET;
	control.h.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.h), &fd, sizeof fd);
	do {
		n = sendmsg(channel, &h, MSG_NOSIGNAL);
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

/* What came: n bytes, or an error. */
static int received(ssize_t n, struct msg *m)
{
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	if (n != (ssize_t)sizeof *m) {
		errno = n == 0 ? ECONNRESET : EBADMSG;
		return -1;
	}
	m->text[sizeof m->text - 1] = '\0';
	return 1;
}

int msg_recv(int fd, struct msg *m)
{
	return received(fd_recv(fd, m, sizeof *m, MSG_DONTWAIT | MSG_TRUNC), m);
}

int msg_recv_fd(int channel, struct msg *m, int *fd)
{
	union {
		struct cmsghdr h;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec piece = {m, sizeof *m};
	struct msghdr h = {.msg_iov = &piece,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof control.bytes};
	ssize_t n;

	*fd = -1;
	do {
		n = recvmsg(channel, &h, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n >= 0 && h.msg_controllen >= CMSG_LEN(sizeof *fd) &&
	    control.h.cmsg_level == SOL_SOCKET && control.h.cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(&control.h), sizeof *fd);
	return received(n, m);
}

bool msg_from_session_ok(const struct msg *m)
{
	switch (m->kind) {
	case MSG_LOG:
		return m->code >= LOG_ERR && m->code <= LOG_DEBUG;
	case MSG_OFFER:
		return m->offer.n_prefixes <= TUNNEL_PREFIXES && m->upper <= 1 &&
		       (m->offer.type == DTCP_NETWORK || m->offer.type == DTCP_HOST ||
			m->offer.type == DTCP_TUNNELONLY);
	case MSG_ASKED:
	case MSG_PONG:
	case MSG_BYE:
	case MSG_SERVER: /* any address will do: it is only asked about */
		return true;
	case MSG_FAIL:
		return m->code == STATUS_UNREACHABLE || m->code == STATUS_SYSTEM ||
		       m->code == STATUS_PROTOCOL || m->code == STATUS_REFUSED;
	default:
		return false;
	}
}
