package rehearsal

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"

	"callbackd"
)

// maxEmbedded is the budget of the crowd's files in the binary.
const maxEmbedded = 3 << 20

func TestFixtures_FitTheirBudgetAndHoldNoSecrets(t *testing.T) {
	secret := regexp.MustCompile(`(?i)slave_sid|data_ticket|access_token|appsecret|BEGIN [A-Z ]*PRIVATE KEY|gh_[0-9a-f]{12}|wx[0-9a-f]{16}|/home/|/root/|/work/`)
	total, files := 0, 0
	err := fs.WalkDir(crowdFiles, "crowd", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b := read(name)
		total, files = total+len(b), files+1
		if m := secret.Find(b); m != nil {
			t.Errorf("%s holds %q", name, m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > maxEmbedded || files < 90 {
		t.Errorf("%d files of %d bytes, at most %d", files, total, maxEmbedded)
	}
}

func TestFiles_AreWhatTheySay(t *testing.T) {
	f := Files()
	if len(f.Voices) < 10 || len(f.Pictures) != 4 || len(f.Videos) != 2 || len(f.Faces) != 72 {
		t.Fatalf("%d voices, %d pictures, %d videos, %d faces", len(f.Voices), len(f.Pictures), len(f.Videos), len(f.Faces))
	}
	wide := 0
	for _, v := range f.Voices {
		if !bytes.HasPrefix(v.Bytes, []byte("#!AMR\n")) || v.Words == "" || v.Duration < 2*time.Second || v.Duration > time.Minute {
			t.Errorf("%s: %s, %q", v.Name, v.Duration, v.Words)
		}
		if len(v.Page) < 2 || v.Page[0] != 0xff || v.Page[1]&0xe0 != 0xe0 {
			t.Errorf("%s: its page form is no MP3: % x", v.Name, v.Page[:4])
		}
		if bytes.HasPrefix(v.HighRes, []byte("#!AMR-WB\n")) {
			wide++
		}
	}
	if wide != 1 {
		t.Errorf("%d voices with a 16 kHz twin", wide)
	}
	for _, p := range f.Pictures {
		if _, format, err := image.DecodeConfig(bytes.NewReader(p.Bytes)); err != nil || "image/"+format != p.Type {
			t.Errorf("%s: %s, %v", p.Name, format, err)
		}
	}
	// sideways: wider than high only after EXIF orientation 6 is obeyed
	c, _, err := image.DecodeConfig(bytes.NewReader(f.Picture("stage.jpg").Bytes))
	if err != nil || c.Width >= c.Height || !bytes.Contains(f.Picture("stage.jpg").Bytes[:64], []byte("Exif\x00\x00MM")) {
		t.Errorf("stage.jpg: %dx%d, %v", c.Width, c.Height, err)
	}
	for i, v := range f.Videos {
		moov, mdat := bytes.Index(v.Bytes, []byte("moov")), bytes.Index(v.Bytes, []byte("mdat"))
		if string(v.Bytes[4:8]) != "ftyp" || moov < 0 || mdat < 0 || (moov > mdat) != (i == 0) {
			t.Errorf("%s: moov at %d, mdat at %d", v.Name, moov, mdat)
		}
	}
}

func TestFiles_OneVoiceHasSilenceFrames(t *testing.T) {
	b := bytes.TrimPrefix(Files().Voice("zh-pause").Bytes, []byte("#!AMR\n"))
	kinds := map[int]int{}
	for len(b) > 0 {
		kind := int(b[0] >> 3 & 15)
		kinds[kind]++
		b = b[amrFrames[kind]:]
	}
	if kinds[8] == 0 || kinds[15] == 0 || kinds[7] == 0 {
		t.Errorf("frames by type: %v", kinds)
	}
}

func TestPhrases_AreTwoHundredDifferentOnes(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Phrases() {
		seen[p] = true
	}
	if len(seen) != 200 || seen[""] {
		t.Errorf("%d different phrases", len(seen))
	}
	all := strings.Join(Phrases(), "")
	for _, w := range []string{"😂", "/::)", "[Happy]", "]]>", "<", "&", "\n", "مرحبا"} {
		if !strings.Contains(all, w) {
			t.Errorf("nobody says %q", w)
		}
	}
}

func TestCrowd_SameSeedSamePeople(t *testing.T) {
	people := func(seed int64) string {
		p := New(Options{Seed: seed, Now: newClock().Now})
		a, err := p.AddAccount(AccountConfig{Slug: "wall"})
		if err != nil {
			t.Fatal(err)
		}
		crowd, err := p.Crowd(120)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.FollowAll(crowd, time.Time{}); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, k := range a.Contacts() {
			fmt.Fprintf(&b, "%s %s %+v %d %s\n", k.Number, k.OpenID, k.Profile, len(k.Avatar), k.FollowedAt)
		}
		return b.String() + string(a.JSON())
	}
	if first, again := people(1), people(1); first != again {
		t.Error("the same seed gave another crowd")
	}
	if people(1) == people(2) {
		t.Error("another seed gave the same crowd")
	}
}

func TestCrowd_HasTheDifficultNames(t *testing.T) {
	p := New(Options{Now: newClock().Now})
	crowd, err := p.Crowd(6000)
	if err != nil {
		t.Fatal(err)
	}
	count, plain := map[string]int{}, 0
	for _, n := range crowd {
		f := p.people[n]
		if f.Profile.Nickname == "" {
			t.Error("a person without a name")
		}
		if f.Avatar == nil {
			plain++
		}
		count[f.Profile.Nickname]++
	}
	if count["王小明"] < 2 || count["陈师傅"] < 2 {
		t.Error("nobody shares a nickname")
	}
	if plain != 300 {
		t.Errorf("%d people without a picture", plain)
	}
	var all strings.Builder
	for n := range count {
		all.WriteString(n)
	}
	for _, w := range []string{"\x14", "\ue04a", "\u202e", "<b>", "🌸", "あ", "\n"} {
		if !strings.Contains(all.String(), w) {
			t.Errorf("no name with %q", w)
		}
	}
}

func TestSchedule_SameSeedSameEvening(t *testing.T) {
	evening := func(seed int64) string {
		var b strings.Builder
		for s := range (Schedule{Seed: seed, Followers: 30, Following: 20, Rate: 2, Total: 200, Opening: true, Repeats: .1}).Steps() {
			fmt.Fprintf(&b, "%s %d %s %q %v %d\n", s.At, s.Who, s.Kind(), s.Message.Content, s.Message.Asset != nil, s.Send.Copies)
		}
		return b.String()
	}
	if first, again := evening(1), evening(1); first != again {
		t.Error("the same seed gave another evening")
	}
	if evening(1) == evening(2) {
		t.Error("another seed gave the same evening")
	}
}

func TestSchedule_OpensWithOneOfEverythingAndGoesOn(t *testing.T) {
	kinds, last, n := map[string]int{}, time.Duration(0), 0
	for s := range (Schedule{Followers: 30, Following: 30, Rate: 2, Total: 12, Opening: true}).Steps() {
		if s.At < last || n == 0 && s.At != 0 {
			t.Errorf("step %d at %s", n, s.At)
		}
		last, n = s.At, n+1
		kinds[s.Kind()]++
	}
	for _, k := range []string{"text", "voice", "image", "video", "location"} {
		if kinds[k] == 0 {
			t.Errorf("no %s in the opening", k)
		}
	}
	if last > 12*time.Second {
		t.Errorf("the opening takes %s", last)
	}
}

func TestSchedule_WhoIsNotThereYetSubscribesFirst(t *testing.T) {
	here := map[int]bool{}
	for s := range (Schedule{Seed: 5, Followers: 20, Following: 0, Total: 300, Opening: true}).Steps() {
		if s.Kind() == "subscribe" {
			here[s.Who] = true
		}
		if !here[s.Who] {
			t.Fatalf("person %d speaks before following", s.Who)
		}
	}
	if len(here) < 15 {
		t.Errorf("%d people came", len(here))
	}
}

func TestRun_DeliversEveryStep(t *testing.T) {
	s := newStage(t, Options{Now: time.Now, PushDelay: Range{0, 20 * time.Millisecond}}, AccountConfig{})
	crowd, err := s.Crowd(10)
	if err != nil {
		t.Fatal(err)
	}
	rc := newReceiver(t, saySuccess)
	s.a.SetCallbackURL(rc.url)
	reports := 0
	err = s.a.Run(t.Context(), Schedule{Followers: 10, Following: 0, Rate: 500, Total: 60, Opening: true}, crowd, func(r Report) {
		reports++
		if r.Err != nil || r.Verdict.Outcome != OutcomeSuccess || r.Person.Profile.Nickname == "" {
			t.Errorf("%s: %v, %s", r.Step.Kind(), r.Err, r.Verdict.Outcome)
		}
	})
	if err != nil || reports != 60 || len(rc.all()) != 60 {
		t.Errorf("%d reports, %d pushes, err %v", reports, len(rc.all()), err)
	}
}

func TestRun_EndsWithItsContext(t *testing.T) {
	s := newStage(t, Options{Now: time.Now}, AccountConfig{})
	rc := newReceiver(t, saySuccess)
	s.a.SetCallbackURL(rc.url)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.a.Run(ctx, Schedule{Followers: 1, Following: 1, Rate: 1000}, []callbackd.FakeID{s.number}, func(Report) { cancel() })
	if err != context.Canceled {
		t.Errorf("err %v", err)
	}
}

func TestTraffic_IsTheTablesTraffic(t *testing.T) {
	steps := Traffic(7, TrafficOptions{})
	perSender, perSecond := map[int]int{}, map[time.Duration]int{}
	media, recognised, equal := 0, 0, 0
	said := map[string]bool{}
	for i, s := range steps {
		if i > 0 && s.At < steps[i-1].At {
			t.Fatal("out of order")
		}
		second := s.At.Truncate(time.Second)
		perSender[s.Who]++
		perSecond[second]++
		if s.Message.Asset != nil {
			media++
		} else if key := fmt.Sprint(second, s.Message.Content); said[key] {
			equal++
		} else {
			said[key] = true
		}
		if s.Message.Recognition != nil {
			recognised++
		}
	}
	for who, n := range perSender {
		if n != 5 || who >= 550 {
			t.Errorf("person %d sends %d", who, n)
		}
	}
	for at, n := range perSecond {
		if n > 20 {
			t.Errorf("%d messages in second %s", n, at)
		}
	}
	if len(steps) != 2500 || len(perSender) != 500 {
		t.Errorf("%d messages of %d senders", len(steps), len(perSender))
	}
	if media < 650 || media > 850 || recognised < 80 || recognised > 170 || equal < 40 {
		t.Errorf("%d media, %d recognised, %d equal words in a second", media, recognised, equal)
	}
}

func TestTraffic_AppliesToAWorldOnASimulatedClock(t *testing.T) {
	o := TrafficOptions{Senders: 50, Silent: 500}
	build := func() string {
		clock := newClock()
		p := New(Options{Seed: 7, Now: clock.Now, PageSkew: Range{-2 * time.Second, 10 * time.Second}, ListingDelay: Range{0, 5 * time.Second}})
		a, err := p.AddAccount(AccountConfig{Slug: "wall", MP: &MPConfig{Dialect: callbackd.Dialect2014}})
		if err != nil {
			t.Fatal(err)
		}
		crowd, err := p.Crowd(o.Crowd())
		if err != nil {
			t.Fatal(err)
		}
		if err := a.FollowAll(crowd, time.Time{}); err != nil {
			t.Fatal(err)
		}
		begin := clock.Now()
		var b strings.Builder
		for _, s := range Traffic(7, o) {
			r, pl, err := s.Apply(a, crowd, begin)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%d %d %s %s\n", r.ConsoleID, r.MsgID, r.ListedAt, pl.XML)
		}
		if n := len(a.Records(Query{})); n > 100 {
			t.Errorf("%d of 250 messages listed before their time", n)
		}
		clock.Add(time.Hour)
		if n := len(a.Records(Query{})); n != 250 {
			t.Errorf("%d messages listed in the end", n)
		}
		return b.String()
	}
	if first, again := build(), build(); first != again {
		t.Error("the same seed gave other pushes")
	}
}
