package web

// AlarmText is what a notification says of an alarm, or of its end, in both
// languages: nobody knows which one a browser that sleeps would want.
// texts: alarm.login alarm.doctor alarm.queue alarm.disk alarm.over
func AlarmText(kind string, over bool) (string, error) {
	var said [len(langs)]string
	for i, l := range langs {
		t, err := l.T("alarm." + kind)
		if err != nil {
			return "", err
		}
		if over {
			t = l.TextOr("alarm.over") + t
		}
		said[i] = t
	}
	return said[0] + " · " + said[1], nil
}
