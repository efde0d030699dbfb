package web

import "callbackd"

// HealthState is how an account does, in words and paths that the page puts where
// they belong.
type HealthState struct {
	Alarms  []HealthAlarm     `json:"alarms"`
	Figures map[string]string `json:"figures"`
	Paths   map[string]string `json:"paths"` // d attributes
}

// HealthAlarm is something that needs a human.
type HealthAlarm struct {
	Text string `json:"text"`
	For  string `json:"for"`  // how long it has been so
	Path string `json:"path"` // where it is put right; empty: not on the desk, or not by whoever looks
}

// HealthCard is a part of the page: figures, and a chart of the last hour below
// them.
type HealthCard struct {
	Lang    Lang
	Key     string // of its title, after "health."
	Figures []HealthFigure
	Lines   []HealthLine
	Flat    bool // the chart is one bar of shares
	Health  HealthState
}

// HealthFigure is a figure with what it says.
type HealthFigure struct {
	Key, Says string // Says: key of a text, after "health."
}

// HealthLine is a path of a chart.
type HealthLine struct{ Key, Class string }

// HealthPage is the health of an account.
type HealthPage struct {
	DeskShell
	Health HealthState
}

func (HealthPage) template() string { return "desk_health.html" }

// Title is what the browser's tab says.
func (p HealthPage) Title() (string, error) { return p.titled("health.title") }

// Cards are the parts of the page.
// texts: health.callbacks health.answers health.queue health.pages health.notices health.senders health.media health.disk health.jobs
// texts: health.minute health.most health.half health.nearly_all health.waiting health.oldest health.open health.screens health.resolved health.of
// texts: health.ready health.pending health.failed health.free health.late
func (p HealthPage) Cards() []HealthCard {
	cards := []HealthCard{
		{Key: "callbacks", Figures: []HealthFigure{{"callbacks", "minute"}, {"callbacks.most", "most"}}, Lines: []HealthLine{{"callbacks", "bars"}}},
		{Key: "answers", Figures: []HealthFigure{{"p50", "half"}, {"p99", "nearly_all"}}, Lines: []HealthLine{{"p99", "line faint"}, {"p50", "line"}}},
		{Key: "queue", Figures: []HealthFigure{{"queue", "waiting"}, {"oldest", "oldest"}}, Lines: []HealthLine{{"queue", "bars"}}},
		{Key: "pages", Figures: []HealthFigure{{"pages", "open"}, {"screens", "screens"}}, Lines: []HealthLine{{"pages", "line"}}},
		{Key: "notices", Figures: []HealthFigure{{"notices", "minute"}, {"notices.most", "most"}}, Lines: []HealthLine{{"notices", "bars"}}},
		{Key: "senders", Figures: []HealthFigure{{"resolved", "resolved"}, {"resolved.of", "of"}}, Lines: []HealthLine{{"resolved", "bars"}}, Flat: true},
		{Key: "media", Figures: []HealthFigure{{"media.ready", "ready"}, {"media.pending", "pending"}, {"media.failed", "failed"}},
			Lines: []HealthLine{{"media.ready", "bars"}, {"media.pending", "bars faint"}, {"media.failed", "bars bad"}}, Flat: true},
		{Key: "jobs", Figures: []HealthFigure{{"jobs", "late"}}},
		{Key: "disk", Figures: []HealthFigure{{"disk", "free"}}, Lines: []HealthLine{{"disk", "bars"}}, Flat: true},
	}
	for i := range cards {
		cards[i].Lang, cards[i].Health = p.Lang, p.Health
	}
	return cards
}

// HealthAccount is an account on the page of all.
type HealthAccount struct {
	Slug, Name string
	Role       callbackd.Role
	Health     HealthState
}

// HealthAllPage is the health of all accounts of an operator.
type HealthAllPage struct {
	DeskShell
	Accounts []HealthAccount
}

func (HealthAllPage) template() string { return "desk_health_all.html" }

// Title is what the browser's tab says.
func (p HealthAllPage) Title() (string, error) { return p.titled("health.all") }
