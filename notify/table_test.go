package notify_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

// cost is what one message took, told to everybody who is to be told.
type cost struct {
	followers, told int
	statements      int64
	sends           int
	took            time.Duration
}

func (c cost) perPerson() time.Duration { return c.took / time.Duration(c.told) }

// crowded is a stage with many followers, and the phones of those who are told.
type crowded struct {
	*stage
	phones []callbackd.Device
}

// manyFollowers makes an account with followers, of whom one in a hundred receives on a
// phone that is up, and three more can be mentioned.
func manyFollowers(t testing.TB, followers int) *crowded {
	s := &crowded{stage: newStageOf(t, func(a *callbackd.Account) { a.Moderation = callbackd.ModerationHold })} // nobody is told yet
	var parts sync.WaitGroup
	next := make(chan int)
	for range 64 {
		parts.Go(func() {
			for i := range next {
				yes := true
				if _, err := s.db.Accept(ctx, &store.Callback{Account: s.account, Key: fmt.Sprintf("%08d-follow", i), Body: []byte("b"), ReceivedAt: s.clock.Now(),
					CreateTime: s.clock.Now(), Outcome: store.OutcomeAccepted, MsgType: "event", Event: "subscribe",
					From: callbackd.OpenID(fmt.Sprintf("q%027d", i)), Following: &yes}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range followers - followers/100 - 3 {
		next <- i
	}
	close(next)
	parts.Wait()
	for range followers / 100 {
		s.phones = append(s.phones, s.device(s.bound("", receives), callbackd.ClassPhone, "", true))
	}
	for i := range 3 {
		s.phones = append(s.phones, s.device(s.bound(fmt.Sprint("被提到的", i), nil), callbackd.ClassPhone, "", true))
	}
	s.account.Moderation = callbackd.ModerationOpen
	s.must(s.db.SetAccount(ctx, s.account, "test"))
	s.settle()
	s.must(s.service.IndexNames(ctx, s.account.ID))
	return s
}

// message tells one message and says what it cost.
func (s *crowded) message(author *follower) cost {
	s.clock.Advance(10 * time.Minute) // nobody's limit is reached, and the chains before have ended
	s.settle()
	for _, d := range s.phones {
		s.service.Presence.Heard(d.ID)
	}
	c := cost{sends: -s.channel.count(), statements: -s.db.Statements()}
	begin := time.Now()
	s.say(author, "@被提到的0 @被提到的1 @被提到的2 大家看这里")
	c.took = time.Since(begin)
	c.statements += s.db.Statements()
	c.sends += s.channel.count()
	return c
}

// TestF36_CostFollowsThePeopleToldAndNotTheFollowers counts statements and sends.
func TestF36_CostFollowsThePeopleToldAndNotTheFollowers(t *testing.T) {
	var per []float64
	for _, followers := range []int{300, 3000} {
		s := manyFollowers(t, followers)
		author := s.person("")
		s.message(author)
		c := s.message(author)
		told := followers/100 + 3
		if c.sends != told {
			t.Errorf("%d followers: %d sends for %d people", followers, c.sends, told)
		}
		per = append(per, float64(c.statements)/float64(told))
	}
	if per[1] > per[0] {
		t.Errorf("%.1f statements a person among 300 followers, %.1f among 3,000", per[0], per[1])
	}
}

// BenchmarkTableNotices writes what a message costs into docs/performance.md, and
// fails where more followers make a person told dearer.
func BenchmarkTableNotices(b *testing.B) {
	const wanted = 1.5
	for range b.N {
		few, many := manyFollowers(b, 1000), manyFollowers(b, 100_000)
		fewAuthor, manyAuthor := few.person(""), many.person("")
		var costs [2][]cost
		for range 9 { // in turns, on one machine
			costs[0] = append(costs[0], few.message(fewAuthor))
			costs[1] = append(costs[1], many.message(manyAuthor))
		}
		var out strings.Builder
		fmt.Fprintf(&out, "Written by `make bench` on %s.\n\n| followers | told | statements | statements a person | sends | time a person |\n|---:|---:|---:|---:|---:|---:|\n",
			time.Now().UTC().Format(time.DateOnly))
		var times [2]time.Duration
		for i, followers := range []int{1000, 100_000} {
			c := middle(costs[i])
			c.followers, c.told = followers, followers/100+3
			times[i] = c.perPerson()
			fmt.Fprintf(&out, "| %d | %d | %d | %.1f | %d | %d µs |\n", c.followers, c.told, c.statements, float64(c.statements)/float64(c.told), c.sends, c.perPerson().Microseconds())
			if c.sends != c.told {
				b.Errorf("%d sends for %d people", c.sends, c.told)
			}
		}
		ratio := float64(times[1]) / float64(times[0])
		fmt.Fprintf(&out, "\nA person told costs %.2f times as much among 100,000 followers as among 1,000 (wanted: at most %.1f). Medians of 9 messages, in turns; 1 %% receive, 3 are mentioned, "+
			"phones whose channel is up. From the stored message to the last frame: SQLite on a file, every step of every chain on disk.\n", ratio, wanted)
		if ratio > wanted {
			b.Errorf("a person told costs %.2f times as much among more followers", ratio)
		}
		if err := document("../docs/performance.md", "notices", "What a notice costs", out.String()); err != nil {
			b.Fatal(err)
		}
		fmt.Print(out.String())
	}
}

// middle is the cost whose time is the median.
func middle(all []cost) cost {
	best := all[0]
	for _, c := range all {
		below := 0
		for _, other := range all {
			if other.took < c.took {
				below++
			}
		}
		if below == len(all)/2 {
			best = c
		}
	}
	return best
}

// document replaces what stands between a section's markers; where there is no
// such section it is added at the end.
func document(path, section, title, body string) error {
	begin, end := fmt.Sprintf("<!-- %s: begin, written by make bench -->\n", section), fmt.Sprintf("<!-- %s: end -->\n", section)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		before, after = string(text)+"\n## "+title+"\n\n", ""
	}
	return os.WriteFile(path, []byte(before+begin+body+end+after), 0o644)
}
