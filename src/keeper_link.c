/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "keeper_state.h"
#include "link.h"
#include "log.h"
#include "text.h"

/* Looked up when addresses have changed, not with each event. */
static bool near_ok(const struct keeper *k)
{
	struct in_addr found;

	if (!k->near.s_addr)
		return true;
	return link_address(k->link, k->near, &found) && found.s_addr == k->near.s_addr;
}

/* The address to use now. False where there is none. Where nobody named link
 * or address, 0.0.0.0 is as good as any until a session shows its own. */
static bool find_address(struct keeper *k, struct in_addr *found)
{
	*found = k->wanted;
	if (!k->link[0])
		return !k->wanted.s_addr || link_of(k->wanted, k->link);
	return link_address(k->link, k->wanted, found);
}

void keeper_check_link(struct keeper *k, bool begin)
{
	struct in_addr found;
	bool have = find_address(k, &found);

	if (have && k->wanted.s_addr && found.s_addr != k->wanted.s_addr)
		log_msg(LOG_NOTICE, "%s: link %s has the address %s now, not %s", k->how.interface,
			k->link, text_ipv4(found), text_ipv4(k->wanted));
	if (have && k->link[0])
		k->wanted = found;
	k->near_ok = begin ? have : near_ok(k);
	if (begin) {
		if (!have && k->link[0])
			log_msg(LOG_ERR, "%s: link %s has no global IPv4 address", k->how.interface,
				k->link);
		else if (!have)
			log_msg(LOG_ERR, "%s: no interface has the address %s", k->how.interface,
				text_ipv4(k->wanted));
		keeper_event(k, EV_BEGIN, 0);
	} else if (!have && k->fsm.state != FSM_WAIT) {
		log_msg(LOG_WARNING, "%s: link %s has lost the address %s", k->how.interface,
			k->link, text_ipv4(k->wanted));
		keeper_event(k, EV_NOADDR, 0);
	} else if (have && (k->fsm.state == FSM_WAIT || found.s_addr != k->bound.s_addr) &&
		   k->link[0]) {
		keeper_event(k, EV_ADDR, 0);
	} else if (k->fsm.near_ok != k->near_ok) {
		keeper_event(k, EV_TIMER, 0); /* routes depend on it */
	}
}
