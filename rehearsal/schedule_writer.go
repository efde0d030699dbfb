package rehearsal

import (
	"math/rand/v2"
	"time"

	"callbackd"
)

// writer writes a schedule, one step after the other.
type writer struct {
	s       Schedule
	r       *rand.Rand
	at      time.Duration
	n       int
	here    int // people who follow by now
	last    int // who spoke last
	words   *deck[string]
	voices  *deck[*Asset]
	images  *deck[*Asset]
	videos  *deck[*Asset]
	total   int // of the weights
	waiting []Step
}

func newWriter(s Schedule) *writer {
	if s.Rate <= 0 {
		s.Rate = 1
	}
	if s.Kinds == nil {
		s.Kinds = DefaultKinds()
	}
	r := source(s.Seed, "schedule")
	f := Files()
	w := &writer{
		s: s, r: r, here: min(max(s.Following, 1), s.Followers), last: -1,
		words: newDeck(r, phrases[:]), voices: newDeck(r, f.Voices), images: newDeck(r, f.Pictures), videos: newDeck(r, f.Videos),
	}
	for _, k := range kindOrder {
		w.total += s.Kinds[k]
	}
	if s.Following <= 0 { // then the first one arrives with a subscribe, too
		w.here = 0
	}
	return w
}

// opening is what the first people say: one of everything, well chosen.
func opening() []Step {
	f := Files()
	words := func(s string) *string { return &s }
	return []Step{
		{Message: Message{Content: "终于开始啦 🎉"}},
		{Message: Message{Content: "第一次来现场，好激动/::D"}},
		{Message: Message{Type: TypeVoice, Asset: f.Voice("zh-1")}},
		{Message: Message{Type: TypeImage, Asset: f.Picture("stage.jpg")}},
		{Message: Message{Content: "灯光好美啊✨"}},
		{Message: Message{Type: TypeVideo, Asset: f.Video("fireworks")}},
		{Message: Message{Content: "Hello from row twelve!"}},
		{Message: Message{Type: TypeVoice, Asset: f.Voice("zh-6"), Recognition: words("妈妈，我在电视上，你看到我了吗？")}},
		{Message: Message{Content: "祝大家新年快乐，万事如意🧨"}},
		{Message: Message{Type: TypeLocation, Place: &sights[0]}},
		{Message: Message{Type: TypeImage, Asset: f.Picture("cat.gif")}},
		{Message: Message{Content: "武汉的朋友举手 ✋"}},
	}
}

// next writes one step.
func (w *writer) next() Step {
	if len(w.waiting) > 0 {
		s := w.waiting[0]
		w.waiting = w.waiting[1:]
		return w.stamp(s)
	}
	n := w.n
	w.n++
	gap := w.r.ExpFloat64() / w.s.Rate
	if n == 0 {
		gap = 0
	}
	first := opening()
	if w.s.Opening && n < len(first) {
		w.at += time.Duration(min(gap, 0.7) * float64(time.Second)).Round(time.Millisecond)
		s := first[n]
		s.Who = n % max(w.s.Followers, 1)
		return w.present(s)
	}
	w.at += time.Duration(gap * float64(time.Second)).Round(time.Millisecond)
	s := w.draw()
	s.Who = w.speaker()
	return w.present(s)
}

// present puts a subscribe before the first step of somebody who is not there yet.
func (w *writer) present(s Step) Step {
	if s.Who < w.here {
		return w.stamp(s)
	}
	w.waiting = append(w.waiting, s)
	who := s.Who
	w.here = max(w.here, who+1)
	key := ""
	return w.stamp(Step{Who: who, Event: Event{Name: "subscribe", Key: &key}})
}

func (w *writer) stamp(s Step) Step {
	s.At = w.at
	if w.r.Float64() < w.s.Repeats {
		s.Send.Copies = 2
	}
	return s
}

// speaker picks who acts: not the same twice in a row, now and then somebody new.
func (w *writer) speaker() int {
	if w.here == 0 || w.here < w.s.Followers && w.r.Float64() < .15 {
		w.last = w.here
		return w.here
	}
	who := w.r.IntN(w.here)
	if who == w.last && w.here > 1 {
		who = (who + 1) % w.here
	}
	w.last = who
	return who
}

// draw picks what somebody does, by the weights.
func (w *writer) draw() Step {
	if w.total == 0 {
		return Step{Message: Message{Content: w.words.deal()}}
	}
	n := w.r.IntN(w.total)
	for _, k := range kindOrder {
		if n -= w.s.Kinds[k]; n < 0 {
			return w.of(k)
		}
	}
	return Step{Message: Message{Content: w.words.deal()}}
}

func (w *writer) of(kind string) Step {
	m := Message{Type: MsgType(kind)}
	switch m.Type {
	case TypeText:
		m.Content = w.words.deal()
		if w.r.IntN(20) == 0 {
			m.Extra = "<MsgDataId>2247483650</MsgDataId>\n<Idx>1</Idx>\n" // written from an article
		}
	case TypeVoice:
		m.Asset = w.voices.deal()
		switch w.r.IntN(6) {
		case 0:
			m.Recognition = &m.Asset.Words
		case 1:
			m.Recognition = new(string)
		}
	case TypeImage:
		m.Asset = w.images.deal()
	case TypeVideo, TypeShortVideo:
		m.Asset = w.videos.deal()
	case TypeLocation:
		m.Place = &sights[w.r.IntN(len(sights))]
	case TypeLink:
		m.Link = &articles[w.r.IntN(len(articles))]
	case TypeUnsupported:
	default:
		return Step{Event: EventSample(kind, callbackd.FakeID(""))}
	}
	return Step{Message: m}
}
