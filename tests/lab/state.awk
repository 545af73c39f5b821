# What lab_state (assert.bash) makes of what `ip -6 -o` shows.
/^[0-9]+: .*link\/sit / {
	sub(/[@:]$/, "", $2)
	sub(/@.*/, "", $2)
	if ($2 != "sit0") print "link", $2
	next
}
/^[0-9]+: .* inet6 / { print "address", $2, $4; next }
/^[0-9]+:\t/ { print "rule", $0; next }
/^(fe80::|ff00::|multicast|anycast|local|::1 )/ { next }
/ dev lo proto kernel/ { next }
# Lifetimes of what radvd announced change by themselves.
{ sub(/ expires [0-9]*sec/, ""); print "route", $0 }
