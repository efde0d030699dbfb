package resolver_test

import (
	"bytes"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
	"callbackd/store"
)

// sister registers a second account of an owner, on which a person of the crowd
// is known under a nickname, since a moment.
func (s *stage) sister(owner string, d callbackd.Dialect, who int, nickname string, readAt time.Time) {
	s.Helper()
	a := s.account(rehearsal.AccountConfig{Slug: "sister", MP: &rehearsal.MPConfig{Dialect: d}, Settings: rehearsal.Settings{Owner: owner}})
	acc := s.register(a, nil)
	_, err := s.blobs.Put(ctx, "avatars/sister", bytes.NewReader([]byte("her picture")))
	s.must(err)
	s.must(s.db.SetPerson(ctx, acc.ID, store.Resolution{FakeID: s.crowd[who], OpenID: "oOfTheSisterAccount000000000", ReadAt: readAt,
		Profile: callbackd.Profile{Nickname: nickname, City: "姐妹号里的城市"},
		Avatar:  &store.NewAvatar{Blob: "avatars/sister", Type: "image/jpeg", Size: 11, Digest: []byte("0123456789abcdef")}}))
}

func TestPlanner_TakesAPersonOverFromAnotherAccountOfTheOwner(t *testing.T) {
	for name, tc := range map[string]struct {
		ours, theirs string
		d            callbackd.Dialect
		sameName     bool
		age          time.Duration
		want         bool
	}{
		"same owner, same nickname":    {"acme", "acme", callbackd.Dialect2014, true, time.Hour, true},
		"same owner, another nickname": {"acme", "acme", callbackd.Dialect2014, false, time.Hour, false},
		"another owner":                {"acme", "emca", callbackd.Dialect2014, true, time.Hour, false},
		"no owner":                     {"", "", callbackd.Dialect2014, true, time.Hour, false},
		"an account of dialect 2016":   {"acme", "acme", callbackd.Dialect2016, true, time.Hour, false},
		"an old profile":               {"acme", "acme", callbackd.Dialect2014, true, 31 * 24 * time.Hour, false},
	} {
		for crowded, n := range map[string]int{"": 0, ", in a rush": 8} {
			t.Run(name+crowded, func(t *testing.T) {
				o := by(msgID)
				o.account.Settings.Owner = tc.ours
				s := newStage(t, o)
				c, _ := s.a.Contact(s.crowd[1])
				nickname := "另一个名字"
				if tc.sameName {
					nickname = c.Profile.Nickname
				}
				s.sister(tc.theirs, tc.d, 1, nickname, s.Now().Add(-tc.age))
				s.says(1, text("大家好"))
				for who := 2; who < 2+n; who++ {
					s.says(who, text("热闹"))
				}
				s.work(time.Minute)
				p := s.isPerson(1)
				taken := p.Profile.City == "姐妹号里的城市"
				cards := s.pagesRead("getcontactinfo") - n
				if taken != tc.want || (cards == 0) != tc.want {
					t.Fatalf("taken over: %v with %d cards, want %v", taken, cards, tc.want)
				}
				if tc.want {
					a, err := s.db.GetAvatar(ctx, p.Avatar)
					s.must(err)
					if string(s.picture(p)) != "her picture" || a.Blob == "avatars/sister" {
						t.Errorf("the picture is not a copy of its own: %+v", a)
					}
				}
			})
		}
	}
}
