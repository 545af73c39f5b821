/* SPDX-License-Identifier: ISC */
#ifndef CALLER_H
#define CALLER_H

/* Makes this process independent of whoever called it, from a PPP daemon to a boot
 * script: closes the descriptors that it left open, and resets signals, umask and
 * environment (all but NOTIFY_SOCKET). To be called first in main(). */
void caller_forget(void);

#endif
