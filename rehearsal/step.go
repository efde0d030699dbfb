package rehearsal

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"callbackd"
)

// Step is one thing that somebody of a crowd does. It names people by their
// place in the crowd, so one sequence fits any platform and account.
type Step struct {
	At      time.Duration // since the beginning
	Who     int           // index into the crowd
	Message Message       // From and At are filled in by Apply
	Event   Event         // instead of a message, when Name is set
	Send    SendOptions   // how it is pushed
}

// Kind names the step for people: a MsgType or an event's name.
func (s Step) Kind() string {
	if s.Event.Name != "" {
		return s.Event.Name
	}
	if s.Message.Type == "" {
		return string(TypeText)
	}
	return string(s.Message.Type)
}

// Apply lets the step happen in the world at begin+At and returns its push.
// The record is the zero one for events.
func (s Step) Apply(a *Account, crowd []callbackd.FakeID, begin time.Time) (Record, Payload, error) {
	if s.Who < 0 || s.Who >= len(crowd) {
		return Record{}, Payload{}, fmt.Errorf("apply step: crowd of %d: %w", len(crowd), callbackd.ErrInvalid)
	}
	at := begin.Add(s.At)
	if s.Event.Name != "" {
		e := s.Event
		e.From, e.At = crowd[s.Who], at
		pl, err := a.Act(e)
		return Record{}, pl, err
	}
	m := s.Message
	m.From, m.At = crowd[s.Who], at
	r, err := a.Say(m)
	if err != nil {
		return Record{}, Payload{}, err
	}
	return r, a.Payload(r), nil
}

// deck deals the elements of a list in random order and shuffles again when
// all are dealt, so nothing comes twice in a row without need.
type deck[T any] struct {
	r    *rand.Rand
	list []T
	next int
}

func newDeck[T any](r *rand.Rand, list []T) *deck[T] {
	d := &deck[T]{r: r, list: append([]T(nil), list...)}
	d.shuffle()
	return d
}

func (d *deck[T]) shuffle() {
	d.r.Shuffle(len(d.list), func(i, j int) { d.list[i], d.list[j] = d.list[j], d.list[i] })
	d.next = 0
}

func (d *deck[T]) deal() T {
	if d.next == len(d.list) {
		d.shuffle()
	}
	d.next++
	return d.list[d.next-1]
}

// sights are where location messages point, and articles what links share.
var sights = []callbackd.Place{
	{Label: "湖北省武汉市武昌区蛇山西山坡特1号 黄鹤楼", Lat: 30.546900, Lon: 114.297600},
	{Label: "上海市黄浦区中山东一路 外滩", Lat: 31.240000, Lon: 121.490000},
	{Label: "体育馆 B 区入口", Lat: 30.580000, Lon: 114.330000},
}

var articles = []callbackd.Link{
	{Title: "今晚节目单", Description: "开场鼓乐、合唱、抽奖、相声，一张图看完", URL: "https://www.example.com/programme?night=1&lang=zh"},
	{Title: "散场以后吃什么：场馆周边夜宵地图", Description: "热干面、烤肠、火锅", URL: "https://food.example.com/map"},
}

// sortSteps puts steps in order of time; equal times stay as they were.
func sortSteps(steps []Step) {
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
}
