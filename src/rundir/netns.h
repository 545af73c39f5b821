/* SPDX-License-Identifier: ISC */
#ifndef NETNS_H
#define NETNS_H

/* Network namespaces by their numbers: the inode of /proc/PID/ns/net (namespaces(7)). A run
 * directory is about one of them, and says which. */

/* The number of this process's; 0 where it is not known. */
unsigned long long netns_own(void);

enum netns_place {
	NETNS_OWN,   /* or not known: 0 */
	NETNS_OTHER, /* another one, or one of which not all can be seen that may use it */
	NETNS_GONE   /* no process is in it, and nothing keeps it: a container that was started
		      * anew has another one, and the files of before */
};
enum netns_place netns_find(unsigned long long number);

#endif
