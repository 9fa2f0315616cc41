// The round button at the top right: profile, appearance, signing out. For a
// guest: appearance, name and signing in.
import { ExitIcon, GearIcon, IdCardIcon, PersonIcon } from '@radix-ui/react-icons'
import { DropdownMenu, IconButton } from '@radix-ui/themes'
import { type ReactNode, useEffect, useState } from 'react'
import { Link, useNavigate } from 'react-router-dom'
import { appUrl } from '../lib/base'
import { guest } from '../lib/guest'
import { type ColorScheme, preferences } from '../lib/preferences'
import { useSignOut, useUser } from '../lib/query'
import { useHere } from '../lib/here'
import { t } from '../texts'
import { PersonAvatar } from './PersonAvatar'
import { ProfileDialog } from './ProfileDialog'

const SCHEMES: ColorScheme[] = ['light', 'dark', 'system']

interface Props {
  onOpenChange?: (open: boolean) => void
  trigger?: ReactNode
}

export function AccountMenu({ onOpenChange, trigger }: Props) {
  const user = useUser()
  const visitor = guest.use()
  const here = useHere()
  const navigate = useNavigate()
  const signOut = useSignOut()
  const { colorScheme } = preferences.use()
  const [open, setOpen] = useState(false)
  const [editing, setEditing] = useState(false)
  const person = user ?? { ...visitor, name: visitor.name || t.account.guest }

  useEffect(() => onOpenChange?.(open || editing), [onOpenChange, open, editing])

  const leave = async () => {
    await signOut.mutateAsync().catch(() => undefined)
    navigate('/sign-in')
  }

  return (
    <>
      <DropdownMenu.Root open={open} onOpenChange={setOpen}>
        <DropdownMenu.Trigger>
          {trigger ?? (
            <IconButton variant="ghost" radius="full" className="td-account" aria-label={t.account.menu}>
              <PersonAvatar person={person} />
            </IconButton>
          )}
        </DropdownMenu.Trigger>
        <DropdownMenu.Content align="end" className="td-account-menu">
          <DropdownMenu.Label>{user ? user.email : person.name}</DropdownMenu.Label>
          <DropdownMenu.Item onSelect={() => setEditing(true)}>
            <PersonIcon /> {t.account.profile}
          </DropdownMenu.Item>
          {user && (
            <DropdownMenu.Item asChild>
              <Link to="/account">
                <IdCardIcon /> {t.me.settings}
              </Link>
            </DropdownMenu.Item>
          )}
          {user?.role === 'admin' && (
            <DropdownMenu.Item asChild>
              <Link to="/admin">
                <GearIcon /> {t.admin.title}
              </Link>
            </DropdownMenu.Item>
          )}
          <DropdownMenu.Separator />
          <DropdownMenu.Label>{t.account.theme}</DropdownMenu.Label>
          <DropdownMenu.RadioGroup
            value={colorScheme}
            onValueChange={(value) => preferences.set({ colorScheme: value as ColorScheme })}
          >
            {SCHEMES.map((s) => (
              <DropdownMenu.RadioItem key={s} value={s}>
                {t.account.themes[s]}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator />
          <DropdownMenu.Item asChild>
            <a href={appUrl('licenses.html')} target="_blank" rel="noreferrer">
              {t.licenses}
            </a>
          </DropdownMenu.Item>
          {user ? (
            <DropdownMenu.Item onSelect={() => void leave()}>
              <ExitIcon /> {t.account.signOut}
            </DropdownMenu.Item>
          ) : (
            <DropdownMenu.Item asChild>
              <Link to="/sign-in" state={{ from: here }}>
                {t.account.signIn}
              </Link>
            </DropdownMenu.Item>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Root>
      <ProfileDialog open={editing} onOpenChange={setEditing} />
    </>
  )
}
