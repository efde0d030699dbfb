package rehearsal

import (
	"time"

	"callbackd"
)

// Crowd adds n people to the platform, the same ones for the same seed, and
// returns their numbers. Calling it again adds further people.
func (p *Platform) Crowd(n int) ([]callbackd.FakeID, error) {
	p.mu.Lock()
	have := len(p.people)
	p.mu.Unlock()
	out := make([]callbackd.FakeID, 0, n)
	for i := have; i < have+n; i++ {
		f, err := p.AddFollower(Follower{Profile: profile(p.opts.Seed, i), Avatar: face(i)})
		if err != nil {
			return nil, err
		}
		out = append(out, f.Number)
	}
	return out, nil
}

// face is the picture of the i-th person: everybody's own at first, shared
// later, and none for every twentieth.
func face(i int) []byte {
	if i%20 == 19 {
		return nil
	}
	faces := Files().Faces
	return faces[i*31%len(faces)] // 31 is prime to 72: no repeat within 72
}

// FollowAll makes people follow an account, one after the other, the last at
// the time given (zero: now), the ones before a few seconds earlier each.
func (a *Account) FollowAll(numbers []callbackd.FakeID, at time.Time) error {
	if at.IsZero() {
		at = a.p.now()
	}
	for i, n := range numbers {
		ago := time.Duration(len(numbers)-1-i) * 7 * time.Second
		if _, err := a.Follow(n, at.Add(-ago)); err != nil {
			return err
		}
	}
	return nil
}
