package rehearsal

import "time"

// TrafficOptions describe the traffic on which matching is measured. The zero
// value is the table's: 500 senders among 550 followers, five messages each, up
// to 20 a second, 30 % voices or pictures, of all messages 5 % voices with
// recognised words.
type TrafficOptions struct {
	Senders    int     // 0: 500
	Followers  int     // 0: Senders + 10 %; Silent come on top
	Silent     int     // further followers who never write
	PerSender  int     // messages of each; 0: 5
	PerSecond  int     // at most so many in one second; 0: 20
	Media      float64 // share of voices and pictures, recognised ones included; 0: 0.30; negative: none
	Recognized float64 // share of recognised voices; 0: 0.05; negative: none
	EqualWords float64 // share of texts that say what another one of the same second said; 0: 0.05; negative: none
}

func (o TrafficOptions) filled() TrafficOptions {
	set := func(v *int, n int) {
		if *v == 0 {
			*v = n
		}
	}
	set(&o.Senders, 500)
	set(&o.Followers, o.Senders+o.Senders/10)
	set(&o.PerSender, 5)
	set(&o.PerSecond, 20)
	share := func(v *float64, f float64) {
		if *v == 0 {
			*v = f
		}
		*v = max(*v, 0)
	}
	share(&o.Media, .30)
	share(&o.Recognized, .05)
	share(&o.EqualWords, .05)
	return o
}

// Crowd is how many people the traffic needs: Platform.Crowd takes it.
func (o TrafficOptions) Crowd() int {
	o = o.filled()
	return o.Followers + o.Silent
}

// Traffic writes that traffic, the same for the same seed, without touching any
// platform: Step.Apply puts a step into a world, and the payload that it
// returns is the push. Senders are spread over the whole crowd.
func Traffic(seed int64, o TrafficOptions) []Step {
	o = o.filled()
	r := source(seed, "traffic")
	people := r.Perm(o.Crowd())[:o.Senders]
	turns := make([]int, 0, o.Senders*o.PerSender)
	for _, who := range people {
		for range o.PerSender {
			turns = append(turns, who)
		}
	}
	r.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })

	f := Files()
	steps := make([]Step, 0, len(turns))
	left, said := 0, ""
	second := -1
	for _, who := range turns {
		for left == 0 { // seconds differ: some are silent, some are full
			second++
			left, said = r.IntN(o.PerSecond+1), ""
		}
		left--
		s := Step{At: time.Duration(second)*time.Second + time.Duration(r.IntN(1000))*time.Millisecond, Who: who}
		switch share := r.Float64(); {
		case share < o.Recognized:
			v := f.Voices[r.IntN(len(f.Voices))]
			s.Message = Message{Type: TypeVoice, Asset: v, Recognition: &v.Words}
		case share < o.Media && r.IntN(2) == 0:
			s.Message = Message{Type: TypeVoice, Asset: f.Voices[r.IntN(len(f.Voices))]}
		case share < o.Media:
			s.Message = Message{Type: TypeImage, Asset: f.Pictures[r.IntN(len(f.Pictures))]}
		default:
			words := phrases[r.IntN(len(phrases))]
			if said != "" && r.Float64() < o.EqualWords {
				words = said
			}
			said = words
			s.Message = Message{Content: words}
		}
		steps = append(steps, s)
	}
	sortSteps(steps)
	return steps
}
