// The link by which somebody sets a password, to be passed on.
import { Button, Code, Dialog, Flex } from '@radix-ui/themes'
import { CopyButton } from '../components/CopyButton'
import { t } from '../texts'

interface Props {
  name: string
  link: string | null
  onClose: () => void
}

export function ResetLink({ name, link, onClose }: Props) {
  return (
    <Dialog.Root open={link !== null} onOpenChange={(open) => open || onClose()}>
      <Dialog.Content maxWidth="460px">
        <Dialog.Title mb="1">{t.admin.resetFor(name)}</Dialog.Title>
        <Dialog.Description size="2" color="gray" mb="4">
          {t.admin.resetText}
        </Dialog.Description>
        <Code className="td-secret">{link}</Code>
        <Flex gap="3" mt="4" justify="end">
          <CopyButton text={link ?? ''} label={t.share.copyLink} />
          <Dialog.Close>
            <Button>{t.close}</Button>
          </Dialog.Close>
        </Flex>
      </Dialog.Content>
    </Dialog.Root>
  )
}
