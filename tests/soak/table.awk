# Of soak.py's looks, the first and the last, the least and the most on the way.
{
	for (i = 3; i <= NF; i++) {
		split($i, word, "=")
		if (NR == 1) {
			name[i] = word[1]
			first[i] = least[i] = most[i] = word[2]
		}
		last[i] = word[2]
		if (word[2] + 0 < least[i] + 0) least[i] = word[2]
		if (word[2] + 0 > most[i] + 0) most[i] = word[2]
	}
	n = NF
}
END {
	printf "%-12s %8s %8s %8s %8s\n", "", "first", "last", "least", "most"
	for (i = 3; i <= n; i++)
		printf "%-12s %8d %8d %8d %8d\n", name[i], first[i], last[i], least[i], most[i]
}
