package notify

// Key names something that happened to a notice, or why it ended. Keys are
// stored with the trail; the words are made when somebody reads them.
type Key string

// What happens on the way.
const (
	KeySent      Key = "sent"
	KeyAccepted  Key = "accepted"
	KeyRefused   Key = "refused"
	KeyMissed    Key = "missed"
	KeySilent    Key = "silent"
	KeyAbandoned Key = "abandoned"
	KeySuspect   Key = "suspect"
	KeyHandOver  Key = "hand-over"
	KeyRetried   Key = "retried"
	KeyResumed   Key = "resumed"
	KeyVendor    Key = "vendor"
)

// How a chain ends.
const (
	KeyAcked       Key = "acked"
	KeyRead        Key = "read"
	KeyUnconfirmed Key = "unconfirmed"
	KeyWeChat      Key = "wechat"
	KeyInbox       Key = "inbox"
	KeyNoDevice    Key = "no-device"
	KeyExpired     Key = "expired"
	KeyRemoved     Key = "removed"
	KeySwitchedOff Key = "switched-off"
	KeyUnfollowed  Key = "unfollowed"
	KeyUnbound     Key = "unbound"
)

// Why somebody is not alerted at all.
const (
	KeyHeld       Key = "held"
	KeyStranger   Key = "stranger"
	KeyOwn        Key = "own"
	KeyReceiveOff Key = "receive-off"
	KeyOthersOnly Key = "others-only"
	KeyLimited    Key = "limited"
	KeyCollapsed  Key = "collapsed"
)

// Why somebody is alerted.
const (
	KeyMentioned Key = "mentioned"
	KeyReceiving Key = "receiving"
	KeyEveryone  Key = "everyone"
	KeyMany      Key = "many"
	KeyTest      Key = "test"
)

// Text is a sentence for people, in both languages of the product.
type Text struct{ ZH, EN string }

// Both is the Chinese sentence with the English one beside it.
func (t Text) Both() string { return t.ZH + " · " + t.EN }

// Words returns the sentence of a key; false: there is no such key.
func Words(k Key) (Text, bool) {
	t, ok := sentences[k]
	return t, ok
}

// Keys are all that have a sentence.
func Keys() []Key {
	var all []Key
	for k := range sentences {
		all = append(all, k)
	}
	return all
}

// sentences is never written to.
var sentences = map[Key]Text{
	KeySent:      {"已发出", "sent"},
	KeyAccepted:  {"推送服务已接收", "the push service took it"},
	KeyRefused:   {"没有送出，换下一条路", "it was not taken; on to the next way"},
	KeyMissed:    {"实时连接没有回应", "the live connection did not answer"},
	KeySilent:    {"推送后设备没有回应", "the device did not answer the push"},
	KeyAbandoned: {"电脑转为无人使用，不再等它", "nobody is at the computer any more; not waited for"},
	KeySuspect:   {"电脑显示有人，但每条路都没有回应，改提醒手机", "the computer says that somebody is there but answers on no way; on to the phone"},
	KeyHandOver:  {"电脑已显示但还未读，人已离开，改提醒手机", "shown on the computer but not read before its user left; on to the phone"},
	KeyRetried:   {"推送服务当时没空，现在再试一次", "the push service had asked for another time; tried again"},
	KeyVendor:    {"推送服务的答复", "what the push service said"},
	KeyResumed:   {"服务器重启过，不确定发出了没有，再发一次", "the server was away in the middle of it; sent once more"},

	KeyAcked:       {"设备已显示", "a device shows it"},
	KeyRead:        {"已读", "read"},
	KeyUnconfirmed: {"推送服务已接收，设备没有回应；保留为未读", "a push service took it, no device answered; kept as unread"},
	KeyWeChat:      {"已用微信消息提醒；保留为未读", "sent as a WeChat message; kept as unread"},
	KeyInbox:       {"没有设备回应；留在收件箱，下次打开时显示", "no device answered; in the inbox until the next visit"},
	KeyNoDevice:    {"没有可以提醒的设备；留在收件箱，下次打开时显示", "there was no device to alert; in the inbox until the next visit"},
	KeyExpired:     {"已过时，不再提醒", "too old to alert anybody"},
	KeyRemoved:     {"消息已撤下，不再提醒", "the message was taken down"},
	KeySwitchedOff: {"你关闭了这类提醒", "you switched these alerts off"},
	KeyUnfollowed:  {"你已取消关注", "you no longer follow the account"},
	KeyUnbound:     {"设备已解绑", "the device was unbound"},

	KeyHeld:       {"消息还没有上墙", "the message is not on the wall"},
	KeyStranger:   {"不是该公众号的关注者", "not a follower of this account"},
	KeyOwn:        {"自己发的消息", "your own message"},
	KeyReceiveOff: {"你没有打开接收提醒", "you have not switched receiving on"},
	KeyOthersOnly: {"这条消息只提醒被提到的人", "this message alerts only those it mentions"},
	KeyLimited:    {"发送者一小时内提到的人太多，只放进收件箱", "its sender mentioned too many people within the hour; in the inbox only"},
	KeyCollapsed:  {"消息太多，合并成一条提醒", "many messages at once; told together in one notice"},

	KeyMentioned: {"有人提到了你", "somebody mentioned you"},
	KeyReceiving: {"你打开了接收提醒", "you switched receiving on"},
	KeyEveryone:  {"该公众号提醒所有关注者", "this account alerts every follower"},
	KeyMany:      {"短时间内有很多新消息", "many new messages in a short time"},
	KeyTest:      {"你要求的测试", "a test that you asked for"},
}
