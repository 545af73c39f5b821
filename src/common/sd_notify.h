/* SPDX-License-Identifier: ISC */
#ifndef SD_NOTIFY_H
#define SD_NOTIFY_H

/* Tells the service manager of NOTIFY_SOCKET, if there is one, how this process
 * stands: "READY=1", "STOPPING=1" and so on, lines as in sd_notify(3). A failure
 * is a warning that begins with who. */
void sd_notify_tell(const char *who, const char *state);

#endif
