// The frame of the pages with lists: brand, navigation, account.
import { Container, Flex, Link as ThemeLink, TabNav } from '@radix-ui/themes'
import { type ReactNode, useEffect } from 'react'
import { Link, useLocation } from 'react-router-dom'
import { t } from '../texts'
import { AccountMenu } from './AccountMenu'
import { Brand } from './Brand'

export function PageShell({ title, children }: { title: string; children: ReactNode }) {
  const { pathname } = useLocation()

  useEffect(() => {
    document.title = `${title} · ${t.app}`
  }, [title])

  return (
    <>
      <a href="#content" className="td-skip" onClick={focusContent}>
        {t.skip}
      </a>
      <header className="td-header">
        <Container size="4" px="4">
          <Flex align="center" justify="between" gap="4" height="60px">
            <Flex align="center" gap={{ initial: '3', xs: '6' }}>
              <ThemeLink asChild underline="none" highContrast>
                <Link to="/" aria-label={`${t.app}: ${t.toBoards}`}>
                  <Brand />
                </Link>
              </ThemeLink>
              <TabNav.Root className="td-nav" size="2">
                <TabNav.Link asChild active={pathname === '/'}>
                  <Link to="/">{t.boards.title}</Link>
                </TabNav.Link>
                <TabNav.Link asChild active={pathname === '/bin'}>
                  <Link to="/bin">{t.boards.bin}</Link>
                </TabNav.Link>
              </TabNav.Root>
            </Flex>
            <AccountMenu />
          </Flex>
        </Container>
      </header>
      <Container size="4" px="4" py="6" asChild>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </Container>
    </>
  )
}

/* a bare #content would be resolved against <base> and leave the page */
function focusContent(event: { preventDefault(): void }) {
  event.preventDefault()
  document.getElementById('content')?.focus()
}
