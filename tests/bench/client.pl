#!/usr/bin/perl
# A DTCP client of the kind that people wrote for themselves, for the bench:
# Net::POP3 for the lines that begin with +OK and -ERR, Digest::MD5 for the
# response, five ip commands, then a loop of sleep and ping. Returns when the
# tunnel is up.
#
#   client.pl SERVER LOCAL
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Net::POP3;

my ($user, $password) = ('foo', 'bar');
my ($server, $local) = @ARGV;

my $dtcp = Net::POP3->new($server, Port => 20200, LocalAddr => $local, Timeout => 30)
	or die "cannot connect to $server: $@\n";
my ($challenge) = split ' ', $dtcp->message;
$dtcp->command('tunnel', $user, md5_hex($user . $challenge . $password), 'network');
$dtcp->response == 2 or die 'login: ', $dtcp->message;
my (undef, $remote, $prefix) = split ' ', $dtcp->message;
(my $address = $prefix) =~ s{::/\d+$}{::1/128};

for my $command (
	"tunnel add name dtcp0 mode sit remote $remote local $local ttl 64",
	'link set dev dtcp0 mtu 1480 up',
	"addr add $address dev dtcp0",
	"route add unreachable $prefix proto 202",
	'-6 route add default dev dtcp0 metric 4096 proto 202',
) {
	system("ip $command") == 0 or die "ip $command failed\n";
}

exit if fork;
open STDIN, '<', '/dev/null';
open STDOUT, '>', '/dev/null';
open STDERR, '>', '/dev/null';
while (1) {
	sleep 60;
	$dtcp->command('ping');
	$dtcp->response == 2 or last;
}
