// Package browser drives a real headless Chromium for tests: one with a profile
// of its own for each test, which knows nothing and keeps nothing.
//
//	tab := browser.Open(t)
//	seen := browser.Watch(t, tab)
//	err := chromedp.Do(tab, chromedp.Navigate(url), chromedp.Click(chromedp.CSS(".btn")))
//	seen.OnlyFrom(origin)
//
// It opens no page of its own accord, and asks nothing of any network.
package browser
