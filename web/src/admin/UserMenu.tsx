// What an administrator can do with an account.
import { DotsHorizontalIcon } from '@radix-ui/react-icons'
import { DropdownMenu, IconButton } from '@radix-ui/themes'
import { useState } from 'react'
import { useToast } from '../components/Toasts'
import { type AdminUser, useChangeUser, useResetUser, useSignOutUser } from '../lib/admin'
import { errorText, hasCode } from '../lib/errors'
import { t } from '../texts'
import { DeleteUser } from './DeleteUser'
import { ResetLink } from './ResetLink'

export function UserMenu({ user }: { user: AdminUser }) {
  const toast = useToast()
  const change = useChangeUser()
  const signOut = useSignOutUser()
  const reset = useResetUser()
  const [link, setLink] = useState<string | null>(null)
  const [deleting, setDeleting] = useState(false)

  const failed = (error: unknown) =>
    toast({ text: hasCode(error, 'conflict') ? t.admin.lastAdmin : errorText(error), tone: 'error' })

  const setRole = (role: 'admin' | 'user') => void change.mutateAsync({ id: user.id, role }).catch(failed)

  const setDisabled = (disabled: boolean) => {
    const undo = () => void change.mutateAsync({ id: user.id, disabled: !disabled }).catch(failed)
    const text = disabled ? t.admin.userDisabled(user.name) : t.admin.userEnabled(user.name)

    void change
      .mutateAsync({ id: user.id, disabled })
      .then(() => toast({ text, action: { label: t.undo, onSelect: undo } }), failed)
  }

  return (
    <>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger>
          <IconButton variant="ghost" color="gray" aria-label={t.admin.actionsFor(user.name)}>
            <DotsHorizontalIcon />
          </IconButton>
        </DropdownMenu.Trigger>
        <DropdownMenu.Content align="end">
          <DropdownMenu.Item onSelect={() => setRole(user.role === 'admin' ? 'user' : 'admin')}>
            {user.role === 'admin' ? t.admin.makeUser : t.admin.makeAdmin}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => void reset.mutateAsync(user.id).then((r) => setLink(r.reset_link), failed)}>
            {t.admin.sendReset}
          </DropdownMenu.Item>
          <DropdownMenu.Item
            onSelect={() =>
              void signOut.mutateAsync(user.id).then(() => toast({ text: t.admin.signedOut(user.name) }), failed)
            }
          >
            {t.admin.signOutEverywhere}
          </DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => setDisabled(!user.disabled)}>
            {user.disabled ? t.admin.enable : t.admin.disable}
          </DropdownMenu.Item>
          <DropdownMenu.Separator />
          <DropdownMenu.Item color="red" onSelect={() => setDeleting(true)}>
            {t.admin.deleteUser}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Root>
      <ResetLink name={user.name} link={link} onClose={() => setLink(null)} />
      <DeleteUser user={user} open={deleting} onOpenChange={setDeleting} />
    </>
  )
}
