package callbackd

import "strconv"

// FilterOptions are how auto moderation judges on an account. The zero value is
// the default.
type FilterOptions struct {
	PerMinute int    `json:"per_minute,omitempty"` // messages of one sender in a minute that pass; 0: DefaultPerMinute, below: any number
	PassFirst bool   `json:"pass_first,omitempty"` // those of whom nothing was approved yet are judged like others
	Pinyin    bool   `json:"pinyin,omitempty"`     // listed words are found by their sound too
	Checker   string `json:"checker,omitempty"`    // URL that is asked last; empty: nobody is
}

// DefaultPerMinute is how many messages of one sender pass in a minute.
const DefaultPerMinute = 6

// Limit is how many messages of one sender pass in a minute; 0: any number.
func (o FilterOptions) Limit() int {
	if o.PerMinute == 0 {
		return DefaultPerMinute
	}
	return max(o.PerMinute, 0)
}

// MaxPerMinute bounds Limit.
const MaxPerMinute = 1000

// SetLimit is the other way round: 0 stands for any number.
func (o *FilterOptions) SetLimit(n int) {
	switch n {
	case 0:
		n = -1
	case DefaultPerMinute:
		n = 0
	}
	o.PerMinute = n
}

// Findings are what the filters of an account found in a message. The zero value,
// of a message that nobody looked at, lets nothing pass.
type Findings struct {
	Lists bool       // it was compared with at least one word list
	Word  HeldReason // the first listed word; empty: none
	Link  bool       // it holds an address
}

// Arrival is the evidence for the first state of a message.
type Arrival struct {
	Moderation     Moderation
	Kind           Kind
	Blocked        bool // the sender is
	Trusted        bool // the sender is
	SenderApproved int  // messages of this sender that a moderator approved
	SenderRemoved  int  // messages of this sender that a moderator took down
	Recent         int  // messages of this sender in the last minute, counted up to the limit
	Filters        FilterOptions
	Found          Findings
}

// FirstState is the rule of the gate for a message that arrives, and why it does
// not let it through. What is not known to be good is held: an unknown moderation
// holds everything. Whoever is blocked is refused in every moderation.
func FirstState(a Arrival) (State, HeldReason) {
	if a.Blocked {
		return StateRefused, NewHeldReason(HeldBlocked)
	}
	switch a.Moderation {
	case ModerationOpen:
		return StateShown, ""
	case ModerationAuto:
		if why := a.objection(); why != "" {
			return StateHeld, why
		}
		return StateShown, ""
	}
	return StateHeld, ""
}

// objection is what speaks against a message in auto moderation; empty: nothing.
// A trusted sender is only asked for words.
func (a Arrival) objection() HeldReason {
	limit := a.Filters.Limit()
	switch {
	case !a.Found.Lists:
		return NewHeldReason(HeldNoList)
	case a.Found.Word != "":
		return a.Found.Word
	case a.Trusted:
		return ""
	case a.Kind != KindText && a.Kind != KindLocation && a.Kind != KindLink:
		return NewHeldReason(HeldMedia)
	case a.Kind == KindLink || a.Found.Link:
		return NewHeldReason(HeldLink)
	case a.SenderRemoved > 0:
		return NewHeldReason(HeldRemoved)
	case a.SenderApproved == 0 && !a.Filters.PassFirst:
		return NewHeldReason(HeldFirst)
	case limit > 0 && a.Recent >= limit:
		return NewHeldReason(HeldRate, strconv.Itoa(limit))
	case a.Filters.Checker != "":
		return NewHeldReason(HeldWaits)
	}
	return ""
}
