/* SPDX-License-Identifier: ISC */
/* ask SOCKET WORD...: asks netifd.py, as ubus would, and prints its answer; the exit
 * status is the one that it gives. A program of its own, since Python takes a quarter of a
 * second to start in user-mode-linux, and tests ask a thousand times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FAILED = 255, DENIED = 6 };

static int failed(void)
{
	fprintf(stderr, "Failed to connect to ubus\n");
	return FAILED;
}

int main(int argc, char *argv[])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static char text[1 << 16];
	size_t len = 0;
	ssize_t got;
	char *said;
	int fd, status;

	if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path)
		return 64;
	strcpy(address.sun_path, argv[1]);
	/* Each word ends with a zero byte. */
	for (int i = 2; i < argc; i++) {
		size_t n = strlen(argv[i]) + 1;

		if (n > sizeof text - len)
			return 64;
		memcpy(text + len, argv[i], n);
		len += n;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    send(fd, text, len, MSG_NOSIGNAL) < 0)
		return failed();
	got = recv(fd, text, sizeof text - 1, 0);
	if (got <= 0)
		return failed();
	text[got] = '\0';
	/* The status, then the text. */
	status = (int)strtol(text, &said, 10);
	if (*said == ' ' && said[1])
		puts(said + 1);
	/* As ubus does: 4 is said by no text (-S), all else is. */
	if (status == DENIED) {
		fprintf(stderr, "Command failed: Permission denied\n");
		return 250;
	}
	return status;
}
