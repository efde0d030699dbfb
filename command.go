package callbackd

// CommandKind is what a follower asks of us with a text that is wholly a command.
type CommandKind string

const (
	CommandBind       CommandKind = "bind"        // a viewer's code, sent as text or as the scene of a scanned QR
	CommandYes        CommandKind = "yes"         // the answer to the confirmation in progress
	CommandReceiveOn  CommandKind = "receive-on"  // 通知 开
	CommandReceiveOff CommandKind = "receive-off" // 通知 关
	CommandDetailOn   CommandKind = "detail-on"   // 详情 开
	CommandDetailOff  CommandKind = "detail-off"  // 详情 关
	CommandUnbind     CommandKind = "unbind"      // 解绑
	CommandPanic      CommandKind = "panic"       // 紧急停播, of an owner
	CommandResume     CommandKind = "resume"      // 恢复上墙, of an owner
	CommandName       CommandKind = "name"        // 叫我 NAME
)

// Command is a text that may be one. Whether CommandBind and CommandYes are, the
// rows decide: a code that is none, and a yes that nobody asked for, are words
// like any other.
type Command struct {
	Kind CommandKind
	Code string // of CommandBind, in its folded form

	Name    string // of CommandName
	NameWhy string // what speaks against Name in itself (package wall/filter says what there is); empty: nothing
}

// CommandOutcome is what became of a command.
type CommandOutcome string

const (
	CommandNone    CommandOutcome = ""        // it was none; the text is a message
	CommandAsk     CommandOutcome = "ask"     // the code is live: the follower is asked whether they mean it
	CommandAgreed  CommandOutcome = "agreed"  // the follower said yes; the browser is asked next
	CommandExpired CommandOutcome = "expired" // the code, or the question, is too old or was used
	CommandLocked  CommandOutcome = "locked"  // too many wrong codes in an hour
	CommandSet     CommandOutcome = "set"     // a switch; Preferences are the new state
	CommandUnbound CommandOutcome = "unbound" // every viewer of the follower is free

	CommandChief    CommandOutcome = "chief"    // the follower is known as an owner from now on
	CommandPanicked CommandOutcome = "panicked" // the wall shows the still card
	CommandResumed  CommandOutcome = "resumed"  // the wall goes on
	CommandUnsealed CommandOutcome = "unsealed" // an owner's, but the body was not authenticated by AES

	CommandNamed     CommandOutcome = "named"      // the follower is called so from now on, or once a moderator has seen it
	CommandNotCalled CommandOutcome = "not-called" // the name is refused; NameWhy says why
)

// CommandResult is the outcome with what the reply tells.
type CommandResult struct {
	Outcome     CommandOutcome
	Preferences Preferences // the follower's, after it
	Viewers     int         // how many were unbound

	Name    string // that was asked for
	NameWhy string // why it is refused
	Shown   bool   // the public sees it at once
}

// Bounds of binding by code.
const (
	BindingMinutes = 5 // how long a code, and the question after it, are good
	WrongCodes     = 5 // codes that were none, in an hour and of one follower, after which no code is taken
)

// SceneOfCode is the scene of a QR that binds like its code; CodeOfScene reads it.
func SceneOfCode(code string) string { return scenePrefix + code }

// CodeOfScene returns the code in a scene, as SCAN and subscribe bring it; false:
// it is another scene.
func CodeOfScene(eventKey string) (string, bool) {
	key := eventKey
	const subscribed = "qrscene_" // in front of the scene on subscribe
	if len(key) > len(subscribed) && key[:len(subscribed)] == subscribed {
		key = key[len(subscribed):]
	}
	if len(key) <= len(scenePrefix) || key[:len(scenePrefix)] != scenePrefix {
		return "", false
	}
	return key[len(scenePrefix):], true
}

const scenePrefix = "bind-"
