/* SPDX-License-Identifier: ISC */
#ifndef STATUS_CODES_H
#define STATUS_CODES_H

/* Exit statuses; the numbers are those of sysexits(3). */
enum {
	STATUS_OK = 0,
	STATUS_NOT_UP = 1,      /* --status: not up */
	STATUS_USAGE = 64,      /* wrong usage */
	STATUS_UNREACHABLE = 69, /* server not reachable, closed, silent, -ERR greeting */
	STATUS_SYSTEM = 71,     /* ip or a system call failed */
	STATUS_PENDING = 75,    /* not up within --wait, still being tried */
	STATUS_PROTOCOL = 76,   /* not DTCP, or an offer that must not be built */
	STATUS_REFUSED = 77,    /* login refused, or privileges missing */
	STATUS_CONFIG = 78      /* account file error */
};

#endif
