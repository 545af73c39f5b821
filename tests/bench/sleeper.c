/* SPDX-License-Identifier: ISC */
/* The least memory that anything that stays behind could need: a program that
 * sleeps, started and linked like any other. */
#include <unistd.h>

int main(void)
{
	for (;;)
		pause();
}
