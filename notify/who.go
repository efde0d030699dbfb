package notify

import "callbackd"

// Standing is what somebody is to a message.
type Standing int

// The standings.
const (
	Stranger Standing = iota // follows another account, or none
	Author                   // wrote the message
	Follower                 // anybody else who follows the account
)

// MaxMentions is how many people one message alerts by mentioning them, the
// first ones in its text; the rest count as not mentioned.
const MaxMentions = 5

// Matter is what the decision must know of a message.
type Matter struct {
	State    callbackd.State
	Mentions bool // it mentions some follower
	Options  callbackd.GroupOptions
}

// Candidate is what it must know of a person.
type Candidate struct {
	Sender    callbackd.SenderID
	Standing  Standing
	Mentioned bool // among the MaxMentions of this message
	Receive   bool // their switch
}

// Telling is what becomes of a message for one person.
type Telling int

// The tellings. A later one contains the earlier ones.
const (
	TellNothing Telling = iota // not theirs to know
	TellSync                   // unread counts move, nobody is alerted
	TellAlert
)

// Decision is the answer for one person and one message; there is never a second.
type Decision struct {
	Sender  callbackd.SenderID
	Telling Telling
	Reason  callbackd.Reason // of an alert
	Why     Key              // for the trail
}

// Who decides whether a person may be alerted of a message, and why: table 6.1,
// claims 1, 5, 10 and 12 of CN104144110A. A mention wins over the receive switch
// ([0086]: the mentioned one is certainly pushed). A message that the gate holds,
// or that was taken down, is told to nobody.
func Who(m Matter, c Candidate) Decision {
	d := Decision{Sender: c.Sender}
	mentioned, mentions := c.Mentioned, m.Mentions || c.Mentioned
	if m.Options.IgnoreMentions {
		mentioned, mentions = false, false
	}
	switch {
	case m.State != callbackd.StateShown:
		d.Why = KeyHeld
	case c.Standing == Author:
		d.Why = KeyOwn
	case c.Standing != Follower:
		d.Why = KeyStranger
	case mentioned:
		d.Telling, d.Reason, d.Why = TellAlert, callbackd.ReasonMention, KeyMentioned
	case mentions && m.Options.MentionExclusive:
		d.Telling, d.Why = TellSync, KeyOthersOnly
	case c.Receive:
		d.Telling, d.Reason, d.Why = TellAlert, callbackd.ReasonReceive, KeyReceiving
	case m.Options.NoReceiveSwitch:
		d.Telling, d.Reason, d.Why = TellAlert, callbackd.ReasonReceive, KeyEveryone
	default:
		d.Telling, d.Why = TellSync, KeyReceiveOff
	}
	return d
}

// Candidates joins the followers whom a message mentions, in the order of its
// text, with those who receive: each person once ([0085]: the two sets may
// overlap), the mentioned ones first, at most MaxMentions of them as mentioned.
// Both sets are followers of the account. The work follows the people told, not
// the number of followers. Under receive_switch=off, receiving is all followers.
func Candidates(author callbackd.SenderID, mentioned, receiving []callbackd.SenderID, options callbackd.GroupOptions) []Candidate {
	receives := make(map[callbackd.SenderID]bool, len(receiving))
	for _, id := range receiving {
		receives[id] = true
	}
	var all []Candidate
	known := make(map[callbackd.SenderID]bool, len(receiving)+len(mentioned))
	alerted := 0
	add := func(id callbackd.SenderID, byMention bool) {
		if known[id] {
			return
		}
		known[id] = true
		c := Candidate{Sender: id, Standing: Follower, Receive: receives[id] && !options.NoReceiveSwitch}
		if id == author {
			c.Standing = Author
		} else if byMention && alerted < MaxMentions {
			c.Mentioned = true
			alerted++
		}
		all = append(all, c)
	}
	for _, id := range mentioned {
		add(id, true)
	}
	for _, id := range receiving {
		add(id, false)
	}
	return all
}

// What is the level that an alert may show: the patent's detail switch, off (0)
// or on (1, 2). What it does not know is shown as off.
func What(p callbackd.Preferences) callbackd.Level {
	if p.Detail < callbackd.LevelHint || p.Detail > callbackd.LevelWords {
		return callbackd.LevelHint
	}
	return p.Detail
}
