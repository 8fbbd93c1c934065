package strength

import (
	"strings"

	"github.com/trustelem/zxcvbn/adjacency"
	"github.com/trustelem/zxcvbn/match"
)

// shortestRow and shortestSequence are what is told from chance.
const (
	shortestRow      = 3
	shortestSequence = 3
	steepestSequence = 5 // between neighbours, in code points
)

// shifted are the keys of a typewriter that need another one held.
const shifted = `~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?`

// rows finds runs of neighbouring keys.
func rows(password string) []*match.Match {
	var all []*match.Match
	for _, keyboard := range []string{"qwerty", "dvorak", "keypad", "mac_keypad"} {
		graph := adjacency.Graphs[keyboard]
		for i := 0; i < len(password); {
			j, turns, held, direction := i+1, 0, 0, -1
			if !strings.HasSuffix(keyboard, "keypad") && strings.IndexByte(shifted, password[i]) >= 0 {
				held = 1
			}
			for j < len(password) {
				towards, needsShift := neighbour(graph, password[j-1], password[j])
				if towards < 0 {
					break
				}
				if towards != direction {
					turns++
					direction = towards
				}
				if needsShift {
					held++
				}
				j++
			}
			if j-i >= shortestRow {
				all = append(all, &match.Match{Pattern: "spatial", I: i, J: j - 1, Token: password[i:j], Graph: keyboard, Turns: turns, ShiftedCount: held})
			}
			i = max(j-1, i+1)
		}
	}
	return all
}

// neighbour tells in which direction the next key lies, -1 where it is none,
// and whether it is the shifted one of the two characters on it.
func neighbour(graph *adjacency.Graph, from, to byte) (direction int, held bool) {
	for direction, key := range graph.Graph[string(rune(from))] {
		if at := strings.IndexByte(key, to); at >= 0 {
			return direction, at == 1
		}
	}
	return -1, false
}

// sequences finds characters at even distances: abcd, 9753.
func sequences(password string) []*match.Match {
	var all []*match.Match
	for i := 0; i+1 < len(password); {
		step := int(password[i+1]) - int(password[i])
		j := i + 2
		for j < len(password) && int(password[j])-int(password[j-1]) == step {
			j++
		}
		if step != 0 && step >= -steepestSequence && step <= steepestSequence && j-i >= shortestSequence {
			all = append(all, &match.Match{Pattern: "sequence", I: i, J: j - 1, Token: password[i:j], Ascending: step > 0})
		}
		i = j - 1
	}
	return all
}

// repetitions finds texts that follow themselves: the widest at each place, and
// of those as wide the one made of the shortest. What is repeated is judged as
// a password of its own.
func (e estimator) repetitions(password string) []*match.Match {
	var all []*match.Match
	for i := 0; i < len(password); {
		width, unit := 0, 0
		for n := 1; n <= (len(password)-i)/2; n++ {
			end := i + n
			for end+n <= len(password) && password[end:end+n] == password[i:i+n] {
				end += n
			}
			if end > i+n && end-i > width {
				width, unit = end-i, n
			}
		}
		if width == 0 {
			i++
			continue
		}
		base := password[i : i+unit]
		guesses, parts := e.estimate(base)
		all = append(all, &match.Match{
			Pattern: "repeat", I: i, J: i + width - 1, Token: password[i : i+width],
			BaseToken: base, BaseGuesses: guesses, BaseMatches: parts, RepeatCount: width / unit,
		})
		i += width
	}
	return all
}

// years finds those of living people.
func years(password string) []*match.Match {
	var all []*match.Match
	for i := 0; i+4 <= len(password); i++ {
		year := password[i : i+4]
		if (year[:2] == "19" || year[:2] == "20") && year[2] >= '0' && year[2] <= '9' && year[3] >= '0' && year[3] <= '9' {
			all = append(all, &match.Match{Pattern: "regex", RegexName: "recent_year", I: i, J: i + 3, Token: year})
		}
	}
	return all
}
