/* SPDX-License-Identifier: ISC */
#ifndef END_TIMES_H
#define END_TIMES_H

/* The end of a tunnel, from --down or a signal until nothing is left. Milliseconds.
 *
 * The session is told to say quit, and says it beside all else. The script hears `down`
 * and gets END_SCRIPT_MS, after one that still ran has had END_URGENT_MS. Then ip(8)
 * removes what is in the kernel, which takes it some milliseconds on most machines and is
 * given END_IP_MS, counted from its last line; one that hangs is killed and tried once
 * more. END_ALL_MS after the beginning the keeper ends, whatever is left; END_LOOK_MS
 * before that the last ip(8) is killed, so that it can be seen and said what is left.
 * Whoever waits for the keeper waits END_WAIT_MS: one that works is not to be killed for
 * being slow.
 *
 *   0 s       1 s               6 s               11 s        14.5 s  15 s        17 s
 *   |-script--|------ip(8)------|--once more------|             |look--|           |
 *   |----------------------------- the keeper --------------------------|          |
 *   |------------------------------- --down waits ---------------------------------| */
enum {
	END_SCRIPT_MS = 1000,
	END_URGENT_MS = 700,
	END_IP_MS = 5000,
	END_LOOK_MS = 500,
	END_ALL_MS = 15000,
	END_WAIT_MS = END_ALL_MS + 2000,
	END_GONE_MS = 1000 /* for a process that was killed, or is about to exit, to be gone */
};

#endif
