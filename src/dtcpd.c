/* SPDX-License-Identifier: ISC */
#include "common/caller.h"
#include "common/log.h"
#include "server/arguments.h"

int main(int argc, char *argv[])
{
	struct server_options o;
	int status;

	caller_forget();
	log_name("dtcpd");
	status = server_options_parse(&o, argc, argv);
	if (status != SERVER_GO)
		return status;
	switch (o.command) {
	case SERVER_CHECK:
		return server_check(&o);
	case SERVER_STATUS:
		return server_status(&o);
	case SERVER_SERVE:
		break;
	}
	return server_serve(&o);
}
