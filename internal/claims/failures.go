package claims

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Failure is something that goes wrong on the way of a notice.
type Failure struct {
	ID   string // F and number, with a letter where a case has several
	Case string
	Must string // what must happen, in short
}

// failureTests are named TestF9_Sentence; TestF3F18_… shows two cases.
var failureTests = naming{
	begins:  regexp.MustCompile(`^TestF[0-9]`),
	form:    regexp.MustCompile(`^Test((?:F[0-9]+[a-d]?)+)_[A-Z]`),
	id:      regexp.MustCompile(`F[0-9]+[a-d]?`),
	example: "TestF9_Sentence",
	known:   func(id string) bool { return slices.ContainsFunc(Failures, func(f Failure) bool { return f.ID == id }) },
}

// FindFailures reads every test of the tree whose name starts with TestF and a
// number, as Find reads those of claims.
func FindFailures(root string) ([]Test, error) { return failureTests.find(root) }

// MissingFailures names the cases without a test, in order.
func MissingFailures(tests []Test) []string {
	var ids []string
	for _, f := range Failures {
		if len(of(tests, f.ID)) == 0 {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// FailuresDocument writes docs/failures.md.
func FailuresDocument(tests []Test) string {
	var b strings.Builder
	b.WriteString("# What can go wrong with a notice, and what happens then\n\n" +
		"Made from the tests' names by `make claims`; a test compares, and fails where a case has no test. T1 is the wait for an acknowledgement on the live connection (3 s), T2 the one after a notification server took it (10 s); the rows are those of [states](states.md).\n\n" +
		"| case | what goes wrong | what must happen | shown by |\n|---|---|---|---|\n")
	for _, f := range Failures {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.ID, f.Case, f.Must, cmp.Or(shownBy(tests, f.ID), "no test yet"))
	}
	return b.String()
}

// Failures holds every case that must have a test.
var Failures = []Failure{
	{"F1", "The acknowledgement is lost, the alert was shown", "One push at 3 s with the same tag, which replaces and does not double; the late acknowledgement ends it, and the trail says so"},
	{"F2", "The acknowledgement comes at 2.999, 3.000 or 3.001 s, or in the same moment as the timer", "Either it is done or a push goes out; no push starts after the acknowledgement is stored"},
	{"F3", "The acknowledgement comes to another node", "The chain ends there, too: its row is compared and swapped"},
	{"F4", "The same acknowledgement twice; one for a notice that is another's, unknown or old", "It counts once; what is not the viewer's own is refused"},
	{"F5", "Channel and push both arrive", "One item on the device (same tag), one more unread"},
	{"F6", "A connection that goes up and down each second, 100 times", "At most 3 sends a device and message; no goroutine and no timer is left"},
	{"F7", "A half-open connection: the other end vanished without a word", "A push at 3 s; the socket is closed by 28 s"},
	{"F8", "Somebody reads slowly and the buffer is full", "That connection is dropped, comes back and reads on from its place; nobody else notices"},
	{"F9", "The computer is locked while T1 runs", "The phone is told at once, the computer no more"},
	{"F10a", "A kiosk or projector", "It never counts as active: the phone at once"},
	{"F10b", "A page in front with nobody there, inside `idle_after`", "The page's own acknowledgement ends the chain and the notice stays unread; of a mention the phone is told once when the page turns inactive"},
	{"F10c", "Input that nobody makes (a mouse jiggler)", "It cannot be told from a person; the notice stays unread and nothing is lost"},
	{"F10d", "The page says active, but its tab is dead or frozen", "No acknowledgement: the phone after 3 s, with Web Push on the computer after 16 s"},
	{"F11", "The computer wakes up while the phone's wait runs", "No second alert"},
	{"F12", "Reports of state are lost", "The computer is inactive 90 s after the last one"},
	{"F13", "The clock jumps an hour, forward or back; the machine was suspended", "No chain is stepped before its order, none waits for the hour to come round again; what is too old expires, there is no burst"},
	{"F14", "The clock of a device is wrong", "`at` of an acknowledgement decides nothing"},
	{"F15", "Our own clock is wrong as services see it", "Web Push tokens live an hour and are renewed at half; 401 and 403 are an alarm for the operator, and no device is dropped"},
	{"F16", "The server is killed between storing and sending, at any step", "After the start everything goes on; nothing is lost, at most one send is extra, with the same id"},
	{"F17", "The server restarts with 2,000 open sockets", "They come back spread over time, find their place, and each asks the database once"},
	{"F18", "Two nodes step the same chain", "One of them does"},
	{"F19", "404 or 410 from a Web Push service, 410 with its time from APNs, UNREGISTERED from FCM", "The device goes only if it was not registered since; the next end is tried at once"},
	{"F20", "410 comes while the device registers anew", "The new registration stays"},
	{"F21", "429 with Retry-After in seconds or as a date, without, with nonsense", "It is honoured, 300 s where it says nothing; one device's limit is not its vendor's"},
	{"F22", "5xx, a page instead of an answer, nothing, a reset, no TLS, no answer in time", "The status is kept; the waits double from 1 s within the life of the notice; a breaker for each origin; no device is dropped"},
	{"F23", "A payload that is too large: Web Push 3,993 and 3,994 bytes, APNs and FCM 4,096 and 4,097; emoji and Chinese at the cut", "Measured before sending; words, name, fixed sentence, in this order; never cut inside a character; 413 likewise"},
	{"F24", "Details off: every transport, every way to fail, log line and trail", "No name, no words, no address of media leaves the server"},
	{"F25", "Details are turned off between deciding and sending", "The fixed sentence is sent"},
	{"F26", "Receiving off and mentioned; receiving on and somebody else mentioned; mention of a stranger, of oneself, of a name that two have; 50 mentions; a name that fits only later", "As the table says who is told"},
	{"F27", "Read on one device while another one is being told", "Everything ends; every device that is up takes it back"},
	{"F28", "Quiet hours over midnight, when clocks change, when the zone changes", "One window; silent and not left out; only mentions break through"},
	{"F29", "An endpoint that leads inside, by address, name, path or redirect", "Refused by host, and again by address when it is dialled; redirects are not followed"},
	{"F30", "Somebody registers another's endpoint", "With the same keys it moves to them and the old device goes; with other keys nothing changes"},
	{"F31", "Unbinding, a shared browser, two accounts", "Nothing more for whoever was there before"},
	{"F32", "Tab and installed app are both registered", "One alert"},
	{"F33", "Permission revoked, the service worker is being replaced, a push before it runs", "The next end; nothing repeats itself"},
	{"F34", "A page hidden for 10 minutes, frozen, or restored from the browser's memory", "It answers pings or is closed cleanly, and catches up from its place"},
	{"F35", "WeChat: outside the window, no messages left, token expired, unfollowed", "Window and number are counted before sending; else the inbox; unfollowing ends it"},
	{"F36", "An account with 100,000 followers, 1 % receive, 3 are mentioned", "The work follows the 1,003"},
	{"F37", "1,000 messages in 10 s to one follower", "A limit for each follower, what is more becomes a count; mentions stay single"},
	{"F38", "A notification server is down for an hour", "Bounded work, what is too old ends as expired, no flood when it is back"},
	{"F39", "Many goroutines send one payload", "None writes to it"},
	{"F40", "Somebody asks what became of a notice", "The trail says it in words, in both languages, for every end"},
}
